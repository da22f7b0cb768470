import AgentKit
import ContractRuntime
import Foundation
import Generated
import Logging

/// A bot with a real agent. It reports random values determined by the seed, and records them in a ledger.
final class SimulatedBot: Sendable {
    let plan: SimulationPlan.Bot
    let configuration: AgentConfiguration
    let ledger = Ledger()
    private let url: String
    private let seed: UInt64
    /// The time between reports, in seconds.
    private let pause: Double
    private let simulationRun: SimulationRun
    private let logger: Logger

    init(
        _ plan: SimulationPlan.Bot,
        idPrefix: String,
        url: String,
        seed: UInt64,
        heartbeat: Double,
        pause: Double,
        folder: String,
        simulationRun: SimulationRun,
        logger: Logger
    ) {
        self.plan = plan
        self.url = url
        self.seed = seed
        self.pause = pause
        self.simulationRun = simulationRun
        self.logger = logger
        let number = String(plan.number + 1)
        let name = String(repeating: "0", count: max(0, 4 - number.count)) + number
        var configuration = AgentConfiguration(
            instanceID: "\(idPrefix)-\(name)",
            botID: "\(idPrefix)-bot-\(plan.number % 20 + 1)",
            exchange: ["binance", "kraken", "okx"][plan.number % 3],
            // A unique symbol per bot, so that exposure by symbol is the position of one bot.
            symbol: "\(idPrefix)-\(name)",
            controlPlaneURL: url
        )
        configuration.version = "sim"
        configuration.heartbeatInterval = .seconds(heartbeat)
        configuration.dataDirectory = folder
        self.configuration = configuration
    }

    /// Exchanges an enrolment code for the credential of the bot.
    func enroll(with code: String) async throws { try await Enrolment.enroll(configuration, code: code) }

    /// Runs the bot until `end`, with the restarts of the plan.
    func run(until end: Double) async throws {
        try await simulationRun.sleep(until: plan.start)
        var step = 0
        for (process, limit) in (plan.restarts + [end]).enumerated() {
            let transport = FaultyTransport(
                HTTPTransport(url: url),
                bot: plan,
                run: simulationRun,
                random: SeededGenerator(seed: seed ^ 0xFA17, stream: plan.number * 16 + process)
            )
            let agent = try await agent(over: transport)
            step = try await agent.run { [step] in
                let next = try await trade(with: agent, from: step, until: limit)
                if limit < end { transport.disconnect() } else { try await waitUntilSent(agent) }
                return next
            }
        }
    }

    /// Creates an agent. Retries for 5 seconds, until the previous agent has released the journal.
    private func agent(over transport: FaultyTransport) async throws -> Agent {
        var clock = AgentClock.system
        clock.wall = { [skew = plan.skew] in Timestamp.now.adding(seconds: skew) }
        for _ in 0..<100 {
            if let agent = try? Agent(configuration, transport: transport, clock: clock, logger: logger) {
                for type in CommandType.allCases { agent.on(type) { try await self.handle($0) } }
                return agent
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        return try Agent(configuration, transport: transport, clock: clock, logger: logger)
    }

    private static let deadManPayload = JSONObject { $0.member("reason", "DEADMAN_TIMEOUT") }

    private func handle(_ command: AgentCommand) async throws -> JSONObject {
        // The dead-man switch calls the same handler as a command from an operator.
        if command.payload == Self.deadManPayload { simulationRun.countDeadMan() }
        ledger.record { $0.effects[command.commandID, default: 0] += 1 }
        try await Task.sleep(for: .milliseconds(5))
        return JSONObject { $0.member("simulated", true) }
    }

    /// Waits until all reports are sent, for up to two minutes.
    private func waitUntilSent(_ agent: Agent) async throws {
        for _ in 0..<1200 where agent.telemetry.waiting > 0 { try await Task.sleep(for: .milliseconds(100)) }
    }

    // MARK: - Trading

    private func trade(with agent: Agent, from first: Int, until limit: Double) async throws -> Int {
        var step = first
        while true {
            let time = plan.start + Double(step) * pause
            if time >= limit { break }
            try await simulationRun.sleep(until: time)
            try report(step, to: agent.telemetry)
            step += 1
        }
        try await simulationRun.sleep(until: limit)
        return step
    }

    /// Reports the values of one step. They depend only on the seed, not on the time.
    private func report(_ step: Int, to telemetry: Telemetry) throws {
        var random = SeededGenerator(seed: seed, stream: (plan.number + 1) * 100_000 + step)
        let now = Timestamp.now.adding(seconds: plan.skew)
        for type in ["equity", "realized_pnl", "unrealized_pnl"] {
            let value = Self.amount(-5_000_000_000...5_000_000_000, &random)
            try telemetry.metric(type, value, at: now)
            ledger.record { $0.metrics[type, default: []].append(Ledger.Point(at: now, value: value)) }
        }
        for trade in 0..<Int.random(in: 0...2, using: &random) {
            try fill("\(step)-\(trade)", at: now, &random, telemetry)
        }
        let net = Self.amount(-9_000_000_000...9_000_000_000, &random)
        let gross = Self.amount(9_000_000_000...20_000_000_000, &random)
        try telemetry.position(net: net, gross: gross, at: now)
        ledger.record { $0.position = (net, gross) }
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
        ledger.record { entries in
            entries.costs[id] = Ledger.Cost(type: type, amount: amount, at: time)
            entries.executions.append(Ledger.Execution(slippage: slippage, latency: latency, at: time))
        }
    }

    /// A random amount; the range is in millionths.
    private static func amount(_ range: ClosedRange<Int>, _ random: inout SeededGenerator) -> ContractRuntime.Decimal {
        Decimal(coefficient: Int128(Int.random(in: range, using: &random)), scale: 6) ?? Decimal(0)
    }
}
