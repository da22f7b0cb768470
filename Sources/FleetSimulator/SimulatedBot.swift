import AgentKit
import ContractRuntime
import Foundation
import Generated
import Logging

/// A bot with a real agent, which trades on paper as the seed says and keeps a ledger of what it reports.
final class SimulatedBot: Sendable {
    let plan: SimulationPlan.Bot
    let configuration: AgentConfiguration
    let ledger = Ledger()
    private let url: String
    private let seed: UInt64
    /// Between two reports, in seconds.
    private let pause: Double
    private let world: World
    private let logger: Logger

    init(
        _ plan: SimulationPlan.Bot,
        run: String,
        url: String,
        seed: UInt64,
        heartbeat: Double,
        pause: Double,
        folder: String,
        world: World,
        logger: Logger
    ) {
        self.plan = plan
        self.url = url
        self.seed = seed
        self.pause = pause
        self.world = world
        self.logger = logger
        let number = String(plan.number + 1)
        let name = String(repeating: "0", count: max(0, 4 - number.count)) + number
        var configuration = AgentConfiguration(
            instanceID: "\(run)-\(name)",
            botID: "\(run)-bot-\(plan.number % 20 + 1)",
            exchange: ["binance", "kraken", "okx"][plan.number % 3],
            // One of its own, so that its position can be told from the others'.
            symbol: "\(run)-\(name)",
            controlPlaneURL: url
        )
        configuration.version = "sim"
        configuration.heartbeatInterval = .seconds(heartbeat)
        configuration.dataDirectory = folder
        self.configuration = configuration
    }

    /// Lives until `end`; the process ends and begins again as planned.
    func live(until end: Double) async throws {
        try await world.sleep(until: plan.start)
        var moment = 0
        for (life, limit) in (plan.restarts + [end]).enumerated() {
            let transport = FaultyTransport(
                HTTPTransport(url: url),
                bot: plan,
                world: world,
                random: SeededGenerator(seed: seed ^ 0xFA17, stream: plan.number * 16 + life)
            )
            let agent = try await agent(over: transport)
            moment = try await agent.run { [moment] in
                let next = try await trade(with: agent, from: moment, until: limit)
                if limit < end { transport.cut() } else { try await deliver(agent) }
                return next
            }
        }
    }

    /// The journal is free once the process before is gone.
    private func agent(over transport: FaultyTransport) async throws -> Agent {
        var clock = AgentClock.system
        clock.wall = { [skew = plan.skew] in Timestamp.now.adding(seconds: skew) }
        for _ in 0..<100 {
            if let agent = try? Agent(configuration, transport: transport, clock: clock, logger: logger) {
                for type in CommandType.allCases { agent.on(type) { try await self.obey($0) } }
                return agent
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        return try Agent(configuration, transport: transport, clock: clock, logger: logger)
    }

    private static let silence = JSONObject { $0.member("reason", "DEADMAN_TIMEOUT") }

    private func obey(_ command: AgentCommand) async throws -> JSONObject {
        // The dead-man switch calls the handler that an operator's command would call.
        if command.payload == Self.silence { world.countDeadMan() }
        ledger.enter { $0.effects[command.commandID, default: 0] += 1 }
        try await Task.sleep(for: .milliseconds(5))
        return JSONObject { $0.member("simulated", true) }
    }

    /// Waits until everything has arrived, two minutes at most.
    private func deliver(_ agent: Agent) async throws {
        for _ in 0..<1200 where agent.telemetry.waiting > 0 { try await Task.sleep(for: .milliseconds(100)) }
    }

    // MARK: - Trading

    private func trade(with agent: Agent, from first: Int, until limit: Double) async throws -> Int {
        var moment = first
        while true {
            let time = plan.start + Double(moment) * pause
            if time >= limit { break }
            try await world.sleep(until: time)
            try report(moment, to: agent.telemetry)
            moment += 1
        }
        try await world.sleep(until: limit)
        return moment
    }

    /// A moment of the bot's life; the seed decides what it holds, whenever it happens.
    private func report(_ moment: Int, to telemetry: Telemetry) throws {
        var random = SeededGenerator(seed: seed, stream: (plan.number + 1) * 100_000 + moment)
        let now = Timestamp.now.adding(seconds: plan.skew)
        for type in ["equity", "realized_pnl", "unrealized_pnl"] {
            let value = Self.amount(-5_000_000_000...5_000_000_000, &random)
            try telemetry.metric(type, value, at: now)
            ledger.enter { $0.metrics[type, default: []].append(Ledger.Point(at: now, value: value)) }
        }
        for trade in 0..<Int.random(in: 0...2, using: &random) {
            try fill("\(moment)-\(trade)", at: now, &random, telemetry)
        }
        let net = Self.amount(-9_000_000_000...9_000_000_000, &random)
        let gross = Self.amount(9_000_000_000...20_000_000_000, &random)
        try telemetry.position(net: net, gross: gross, at: now)
        ledger.enter { $0.position = (net, gross) }
    }

    private func fill(
        _ id: String,
        at time: Timestamp,
        _ random: inout SeededGenerator,
        _ telemetry: Telemetry
    ) throws {
        let type: CostType = random.happens(0.2) ? .funding : .fee
        let amount = Self.amount(-1_000_000...9_000_000, &random)
        try telemetry.cost(type, amount, entryID: id, at: time)
        let slippage = Self.amount(-2_000_000...5_000_000, &random)
        let latency = Self.amount(1_000_000...200_000_000, &random)
        try telemetry.execution(
            slippageBps: slippage,
            latencyMs: latency,
            fillRatio: Decimal(1),
            sampleID: id,
            at: time
        )
        ledger.enter { entries in
            entries.costs[id] = Ledger.Cost(type: type, amount: amount, at: time)
            entries.executions.append(Ledger.Execution(slippage: slippage, latency: latency, at: time))
        }
    }

    /// An amount of so many millionths.
    private static func amount(_ range: ClosedRange<Int>, _ random: inout SeededGenerator) -> ContractRuntime.Decimal {
        Decimal(coefficient: Int128(Int.random(in: range, using: &random)), scale: 6) ?? Decimal(0)
    }
}
