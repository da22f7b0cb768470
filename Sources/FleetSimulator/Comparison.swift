import AgentKit
import ContractRuntime
import Generated

/// Compares the bots' own records with the data of the control plane.
struct Comparison: Sendable {
    /// The differences, and how many items were compared.
    struct Result: Sendable {
        /// One sentence per difference.
        var differences: [String] = []
        var metrics = 0
        var costs = 0
        var executions = 0
        var positions = 0
        var commands = 0
        /// Alerts for lost heartbeats.
        var alerts = 0
        /// Alerts for bots that were never silent.
        var falseAlerts = 0
        /// Alerts for bots with a slow clock. One per bot is expected, until the control plane has measured the clock.
        var slowClockAlerts = 0
        /// Milliseconds from the creation of a command to ACCEPTED, for bots without faults that delay commands.
        var untilAccepted: [Double] = []
        /// Milliseconds from the creation of a command to COMPLETED, for bots without faults that delay commands.
        var untilCompleted: [Double] = []
    }

    let client: Client<OperatorTransport>
    let bots: [SimulatedBot]
    /// How long a bot may be silent before the control plane raises an alert, in seconds.
    let stale: Double

    /// Runs all comparisons. Positions come first, because they become stale when a bot is silent.
    func run(_ commands: [Operator.IssuedCommand]) async throws -> Result {
        var result = Result()
        try await comparePositions(&result)
        try await compareAlerts(&result)
        try await compareBots(&result)
        try await compareCommands(commands, &result)
        return result
    }

    // MARK: - Reports

    private func comparePositions(_ result: inout Result) async throws {
        let exposure = try await client.getExposure(.init()).body
        let held = Dictionary(exposure.bySymbol.map { ($0.symbol, $0) }) { first, _ in first }
        for bot in bots {
            guard let position = bot.ledger.content.position else { continue }
            result.positions += 1
            let stored = held[bot.configuration.symbol]
            if stored?.netExposure != position.net || stored?.grossExposure != position.gross {
                result.differences.append(
                    "\(bot.configuration.instanceID): reported position \(position.net)/\(position.gross), "
                        + "stored \(stored.map { "\($0.netExposure)/\($0.grossExposure)" } ?? "none")"
                )
            }
        }
    }

    private func compareBots(_ result: inout Result) async throws {
        try await withThrowingTaskGroup(of: Result.self) { group in
            var rest = bots[...]
            for bot in rest.prefix(8) { group.addTask { try await compare(bot) } }
            rest = rest.dropFirst(8)
            for try await part in group {
                result.differences += part.differences
                result.metrics += part.metrics
                result.costs += part.costs
                result.executions += part.executions
                if let bot = rest.popFirst() { group.addTask { try await compare(bot) } }
            }
        }
    }

    private func compare(_ bot: SimulatedBot) async throws -> Result {
        var result = Result()
        let ledger = bot.ledger.content
        for (type, points) in ledger.metrics.sorted(by: { $0.key < $1.key }) {
            let stored = try await series(type, bot)
            result.metrics += points.count
            if stored != points {
                result.differences.append(
                    "\(bot.configuration.instanceID): reported \(points.count) values of \(type), stored \(stored.count)"
                        + (stored.count == points.count ? " with different values" : "")
                )
            }
        }
        let costs = try await costs(bot)
        result.costs = ledger.costs.count
        if costs != ledger.costs {
            result.differences.append(
                "\(bot.configuration.instanceID): reported \(ledger.costs.count) costs, booked \(costs.count)"
                    + (costs.count == ledger.costs.count ? " with different values" : "")
            )
        }
        let executions = try await executions(bot)
        result.executions = ledger.executions.count
        if executions.count != ledger.executions.count || Set(executions) != Set(ledger.executions) {
            result.differences.append(
                "\(bot.configuration.instanceID): reported \(ledger.executions.count) executions, stored \(executions.count)"
                    + (executions.count == ledger.executions.count ? " with different values" : "")
            )
        }
        return result
    }

    private func series(_ type: String, _ bot: SimulatedBot) async throws -> [Ledger.Point] {
        var points: [Ledger.Point] = []
        while true {
            let input = GetSeries.Input(
                instanceID: bot.configuration.instanceID,
                metricType: type,
                symbol: bot.configuration.symbol,
                from: points.last.map { Timestamp(microsecondsSinceEpoch: $0.at.microsecondsSinceEpoch + 1) }
            )
            let series = try await client.getSeries(input).body
            points += series.points.map { Ledger.Point(at: $0.timestamp, value: $0.value) }
            if !series.hasMore { return points }
        }
    }

    private func costs(_ bot: SimulatedBot) async throws -> [String: Ledger.Cost] {
        var costs: [String: Ledger.Cost] = [:]
        for page in 1... {
            let input = ListCosts.Input(page: page, pageSize: 200, instanceID: bot.configuration.instanceID)
            let list = try await client.listCosts(input).body
            for cost in list.items {
                let id = cost.entryID ?? "without ID \(cost.ordinal)"
                costs[costs[id] == nil ? id : "duplicate \(id)"] = Ledger.Cost(
                    type: cost.costType,
                    amount: cost.amount,
                    at: cost.timestamp
                )
            }
            if list.items.count < 200 { break }
        }
        return costs
    }

    private func executions(_ bot: SimulatedBot) async throws -> [Ledger.Execution] {
        var executions: [Ledger.Execution] = []
        for page in 1... {
            let input = ListExecutionSamples.Input(page: page, pageSize: 200, instanceID: bot.configuration.instanceID)
            let list = try await client.listExecutionSamples(input).body
            executions += list.items.map {
                Ledger.Execution(slippage: $0.slippageBps, latency: $0.latencyMs, at: $0.timestamp)
            }
            if list.items.count < 200 { break }
        }
        return executions
    }

    // MARK: - Alerts

    private func compareAlerts(_ result: inout Result) async throws {
        var alerted: [String: Int] = [:]
        for page in 1... {
            let list = try await client.listAlerts(.init(page: page, pageSize: 200, severity: .critical)).body
            for alert in list.items where alert.source == "heartbeat_monitor" {
                alerted[alert.targetID, default: 0] += 1
            }
            if list.items.count < 200 { break }
        }
        for bot in bots {
            let count = alerted[bot.configuration.instanceID] ?? 0
            result.alerts += count
            let isExpected = bot.plan.longestOutage > stale
            if isExpected, count == 0 {
                let length = Int(saturating: bot.plan.longestOutage)
                result.differences.append(
                    "\(bot.configuration.instanceID): no alert, although it was silent for \(length) s"
                )
            }
            if !isExpected, bot.plan.skew < 0, count == 1 {
                result.slowClockAlerts += 1
            } else if !isExpected, count > 0 {
                result.falseAlerts += count
                result.differences.append(
                    "\(bot.configuration.instanceID): \(count) CRITICAL alerts, although it was not silent"
                )
            }
        }
    }

    // MARK: - Commands

    private func compareCommands(_ commands: [Operator.IssuedCommand], _ result: inout Result) async throws {
        for command in commands {
            let stored = try await client.getCommand(.init(commandID: command.id)).body
            result.commands += 1
            let bot = bots[command.bot]
            let effects = bot.ledger.content.effects[command.id] ?? 0
            if let difference = difference(stored, effects, bot.plan) {
                result.differences.append("command \(command.id.text) (\(command.type.rawValue)): \(difference)")
            }
            guard bot.plan.isReachable else { continue }
            func milliseconds(_ status: AcknowledgementStatus) -> Double? {
                stored.acknowledgements.first { $0.status == status }.map { acknowledgement in
                    let time =
                        acknowledgement.receivedAt.microsecondsSinceEpoch - stored.createdAt.microsecondsSinceEpoch
                    return Double(time) / 1000
                }
            }
            if let time = milliseconds(.accepted) { result.untilAccepted.append(time) }
            if let time = milliseconds(.completed) { result.untilCompleted.append(time) }
        }
    }

    /// The difference between the stored outcome of a command and how often its handler ran; nil if they agree.
    private func difference(_ command: CommandDetail, _ effects: Int, _ bot: SimulationPlan.Bot) -> String? {
        let last = command.acknowledgements.last { $0.status != .accepted }
        let status = command.status.rawValue
        if effects > 1 { return "it was executed \(effects) times" }
        if effects == 1, last == nil { return "it was executed, but has no final acknowledgement (\(status))" }
        if effects == 0, last?.status == .completed { return "it is COMPLETED, but was not executed" }
        if effects == 1, bot.restarts.isEmpty, last?.reason?.hasPrefix("UNKNOWN_OUTCOME") == true {
            return "it was executed without a restart, but its outcome is unknown"
        }
        // After an outage, one poll can deliver a START together with a later command that stops the bot.
        if command.commandType == .start, last?.reason?.hasPrefix("OVERTAKEN") == true { return nil }
        if bot.isReachable, command.status != .completed { return "it is \(status), although no fault delayed it" }
        return nil
    }
}
