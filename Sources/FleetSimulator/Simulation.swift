import AgentKit
import ContractRuntime
import Foundation
import Generated
import Logging

/// Runs the bots and the operator, and compares the results at the end.
struct Simulation {
    let run = SimulationRun()
    private let plan: SimulationPlan
    private let bots: [SimulatedBot]
    private let client: Client<OperatorTransport>

    init(
        _ plan: SimulationPlan,
        url: String,
        token: String,
        heartbeat: Double,
        pause: Double,
        folder: String,
        logger: Logger
    ) {
        self.plan = plan
        // Unique per run, because the control plane keeps the instances of earlier runs.
        let idPrefix = "sim-\(plan.seed)-\(String(Timestamp.now.microsecondsSinceEpoch / 1_000_000, radix: 36))"
        bots = plan.bots.map { [run] bot in
            SimulatedBot(
                bot,
                idPrefix: idPrefix,
                url: url,
                seed: plan.seed,
                heartbeat: heartbeat,
                pause: pause,
                folder: folder,
                simulationRun: run,
                logger: logger
            )
        }
        client = Client(OperatorTransport(inner: HTTPTransport(url: url), token: token))
    }

    /// Exchanges an enrolment code for the credential of each bot. Returns the duration.
    func enroll(with code: String) async throws -> Duration {
        try await ContinuousClock().measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, bot) in bots.enumerated() {
                    // As many as a machine with many agents would start at once.
                    if number >= 64 { try await group.next() }
                    group.addTask { try await bot.enroll(with: code) }
                }
                try await group.waitForAll()
            }
        }
    }

    /// - Parameter stale: How long a bot may be silent before the control plane raises an alert, in seconds.
    func execute(stale: Double) async throws -> Comparison.Result {
        // Fails immediately if the URL or the token is wrong.
        _ = try await client.listBots(.init(page: 1, pageSize: 1))
        run.begin()
        let fleetOperator = Operator(client, run: run)
        let progress = Task { [self] in try await showProgress() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for bot in bots { group.addTask { [plan] in try await bot.run(until: plan.duration) } }
            group.addTask { [plan, bots] in try await fleetOperator.sendCommands(of: plan, to: bots) }
            try await group.waitForAll()
        }
        await run.lateCalls.drain()
        progress.cancel()
        var result = try await Comparison(client: client, bots: bots, stale: stale).run(fleetOperator.issued)
        if fleetOperator.failureCount > 0 {
            result.differences.append("\(fleetOperator.failureCount) commands could not be sent")
        }
        return result
    }

    private func showProgress() async throws {
        while true {
            try await Task.sleep(for: .seconds(10))
            let counts = run.counted
            let line = """
                \(Int(saturating: run.elapsed)) s: \(counts.heartbeats) heartbeats, \(counts.reports) reports, \(counts.polls) polls, \
                \(counts.acknowledgements) acknowledgements, \(counts.failures) lost requests or responses

                """
            try FileHandle.standardError.write(contentsOf: Data(line.utf8))
        }
    }
}
