import AgentKit
import ContractRuntime
import Foundation
import Generated
import Logging

/// One run: the bots, the operator, and the comparison in the end.
struct Simulation {
    let world = World()
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
        // Told apart from the bots of other runs, which the control plane may still know.
        let run = "sim-\(plan.seed)-\(String(Timestamp.now.microsecondsSinceEpoch / 1_000_000, radix: 36))"
        bots = plan.bots.map { [world] bot in
            SimulatedBot(
                bot,
                run: run,
                url: url,
                seed: plan.seed,
                heartbeat: heartbeat,
                pause: pause,
                folder: folder,
                world: world,
                logger: logger
            )
        }
        client = Client(OperatorTransport(inner: HTTPTransport(url: url), token: token))
    }

    func run(stale: Double) async throws -> Comparison.Result {
        // A control plane that cannot be used is told of at once.
        _ = try await client.listBots(.init(page: 1, pageSize: 1))
        let operating = Operator(client, world: world)
        let progress = Task { [self] in try await showProgress() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for bot in bots { group.addTask { [plan] in try await bot.live(until: plan.duration) } }
            group.addTask { [plan, bots] in try await operating.work(plan, bots) }
            try await group.waitForAll()
        }
        await world.late.drain()
        progress.cancel()
        var result = try await Comparison(client: client, bots: bots, stale: stale).run(operating.given)
        if operating.refused > 0 { result.differences.append("\(operating.refused) commands could not be given") }
        return result
    }

    private func showProgress() async throws {
        while true {
            try await Task.sleep(for: .seconds(10))
            let counts = world.counted
            let line = """
                \(Int(saturating: world.elapsed)) s: \(counts.heartbeats) heartbeats, \(counts.reports) reports, \(counts.polls) polls, \
                \(counts.acknowledgements) acknowledgements, \(counts.failures) calls swallowed

                """
            try FileHandle.standardError.write(contentsOf: Data(line.utf8))
        }
    }
}
