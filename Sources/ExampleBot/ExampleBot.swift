import AgentKit
import Foundation
import Generated
import Logging
import UnixSignals

/// Runs a bot that trades on paper until SIGINT (Ctrl-C) or SIGTERM.
///
/// `sdk/python/README.md` lists the environment variables. `PAPER_STEP_SECONDS` is the time between two market steps (1).
/// `example-bot enroll URL CODE` gives the instance its credential.
@main
enum ExampleBot {
    static func main() async {
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        do {
            let environment = ProcessInfo.processInfo.environment
            let arguments = CommandLine.arguments.dropFirst()
            if arguments.first == "enroll" { return try await enroll(Array(arguments.dropFirst()), environment) }
            let agent = try Agent(AgentConfiguration(environment: environment))
            try await trade(agent, every: .seconds(environment["PAPER_STEP_SECONDS"].flatMap(Double.init) ?? 1))
        } catch {
            try? FileHandle.standardError.write(contentsOf: Data("\(error)\n".utf8))
            exit(2)
        }
    }

    // traps: the names of variables are constants of this file, in ASCII.
    private static func enroll(_ arguments: [String], _ environment: [String: String]) async throws {
        guard arguments.count == 2, let url = arguments.first, let code = arguments.last else {
            throw EnrolmentFailure(description: "Usage: example-bot enroll URL CODE")
        }
        let unused = ["EXCHANGE": "unknown", "SYMBOL": "unknown"]
        let variables = environment.merging(unused.merging(["CONTROL_PLANE_URL": url]) { $1 }) { $1 }
        let configuration = try AgentConfiguration(environment: variables)
        let isNew = try await Enrolment.enroll(configuration, code: code)
        print("instance '\(configuration.instanceID)' \(isNew ? "is enrolled" : "was enrolled before")")
    }

    private static func trade(_ agent: Agent, every pause: Duration) async throws {
        let trader = PaperTrader(agent)
        agent.on(.flatten) { _ in try await trader.flatten() }
        agent.on(.syncBalance) { _ in await trader.balance() }
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        try await agent.run {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for step in 1... {
                        try await trader.step()
                        if step.isMultiple(of: 10) { try await trader.report() }
                        if step.isMultiple(of: 60) { try await trader.payFunding() }
                        try await Task.sleep(for: pause)
                    }
                }
                group.addTask { for await _ in signals { return } }
                try await group.next()
                group.cancelAll()
            }
        }
    }
}
