import AgentKit
import Foundation
import Generated
import Logging
import UnixSignals

/// Runs a bot that trades on paper until SIGINT (Ctrl-C) or SIGTERM.
///
/// `sdk/python/README.md` lists the environment variables. `PAPER_STEP_SECONDS` is the time between two market steps (1).
@main
enum ExampleBot {
    static func main() async {
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        do {
            let environment = ProcessInfo.processInfo.environment
            let agent = try Agent(AgentConfiguration(environment: environment))
            try await trade(agent, every: .seconds(environment["PAPER_STEP_SECONDS"].flatMap(Double.init) ?? 1))
        } catch {
            try? FileHandle.standardError.write(contentsOf: Data("\(error)\n".utf8))
            exit(2)
        }
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
