public import ContractRuntime
public import Generated

/// Reports what the bot does to the control plane.
///
/// Each call writes the report to the spool on disk and returns without a request. The agent sends it as soon as the control plane is
/// available, with its original timestamp.
///
/// Each call throws `InvalidInput` with all violations if a value does not meet the contract, and `SpoolFull` or `FileFailure` if the report
/// could not be stored.
public struct Telemetry: Sendable {
    let instanceID: String
    let symbol: String
    let clock: AgentClock
    let spool: Spool
    let changed: Signal

    /// Reports the value of a metric, such as `equity`, `realized_pnl` or `unrealized_pnl`.
    ///
    /// - Parameters:
    ///   - type: The name of the metric.
    ///   - value: The value at `time`.
    ///   - symbol: The symbol that the metric describes. The default is the agent's symbol.
    ///   - currency: The currency of the value. The default is the books' currency (`BOOKS_CURRENCY` of the control plane).
    ///   - time: The time of the value. The default is now.
    public func metric(
        _ type: String,
        _ value: Decimal,
        symbol: String? = nil,
        currency: String? = nil,
        at time: Timestamp? = nil
    ) throws {
        let sample = MetricSample(
            instanceID: instanceID,
            symbol: symbol ?? self.symbol,
            metricType: type,
            value: value,
            timestamp: time ?? clock.wall(),
            currency: currency
        )
        try keep(.metrics, sample)
    }

    /// Reports the current position in a symbol.
    ///
    /// - Parameters:
    ///   - net: The net exposure: long minus short.
    ///   - gross: The gross exposure: long plus short.
    ///   - symbol: The symbol of the position. The default is the agent's symbol.
    ///   - currency: The currency of the exposure. The default is the books' currency (`BOOKS_CURRENCY` of the control plane).
    ///   - time: The time of the position. The default is now.
    public func position(
        net: Decimal,
        gross: Decimal,
        symbol: String? = nil,
        currency: String? = nil,
        at time: Timestamp? = nil
    ) throws {
        let report = PositionReport(
            instanceID: instanceID,
            symbol: symbol ?? self.symbol,
            netExposure: net,
            grossExposure: gross,
            currency: currency,
            updatedAt: time ?? clock.wall()
        )
        try keep(.positions, report)
    }

    /// Reports a fee or a funding payment. An entry ID is booked once, even if it is reported several times.
    ///
    /// - Parameters:
    ///   - type: FEE or FUNDING.
    ///   - amount: The amount in `currency`. A FEE is positive if it was paid and negative if it was a rebate. FUNDING is positive if it was
    ///     received.
    ///   - entryID: The exchange's ID of the payment, so that a bot that reports the same fill after a restart books it once. The default is
    ///     a random ID.
    ///   - symbol: The symbol of the cost. The default is the agent's symbol.
    ///   - currency: The currency of the amount. The default is the books' currency (`BOOKS_CURRENCY` of the control plane).
    ///   - fxRate: The value of one unit of `currency` in the books' currency. The default is the rate that operators reported.
    ///   - time: The time of the payment. The default is now.
    public func cost(
        _ type: CostType,
        _ amount: Decimal,
        entryID: String? = nil,
        symbol: String? = nil,
        currency: String? = nil,
        fxRate: Decimal? = nil,
        at time: Timestamp? = nil
    ) throws {
        let entry = CostEntry(
            instanceID: instanceID,
            symbol: symbol ?? self.symbol,
            costType: type,
            amount: amount,
            timestamp: time ?? clock.wall(),
            entryID: entryID ?? UUID.random().text,
            currency: currency,
            fxRate: fxRate
        )
        try keep(.costs, entry)
    }

    /// Reports the execution quality of an order.
    ///
    /// - Parameters:
    ///   - slippageBps: The slippage in basis points, positive if the price was worse than expected.
    ///   - latencyMs: The time from the order to its fill, in milliseconds.
    ///   - fillRatio: The filled part of the order, from 0 to 1.
    ///   - sampleID: The ID of the order. A sample with the same ID and time is stored once. The default is a random ID.
    ///   - symbol: The symbol of the order. The default is the agent's symbol.
    ///   - time: The time of the fill. The default is now.
    public func execution(
        slippageBps: Decimal,
        latencyMs: Decimal,
        fillRatio: Decimal,
        sampleID: String? = nil,
        symbol: String? = nil,
        at time: Timestamp? = nil
    ) throws {
        let sample = ExecutionSample(
            instanceID: instanceID,
            symbol: symbol ?? self.symbol,
            slippageBps: slippageBps,
            latencyMs: latencyMs,
            fillRatio: fillRatio,
            timestamp: time ?? clock.wall(),
            sampleID: sampleID ?? UUID.random().text
        )
        try keep(.executionQuality, sample)
    }

    /// Reports an order as it is now. A report with the same `orderID` replaces an older one.
    ///
    /// - Parameter order: The order. Its `instanceID` is replaced by the agent's.
    public func order(_ order: OrderReport) throws {
        var order = order
        order.instanceID = instanceID
        try keep(.orders, order)
    }

    /// Reports one execution of an order. A fill with the same `fillID` is stored once, so a repeated report must be equal.
    ///
    /// The control plane books the fee as a cost. Do not report it with `cost`, or use the `fillID` as the `entryID` there.
    ///
    /// - Parameter fill: The fill. Its `instanceID` is replaced by the agent's.
    public func fill(_ fill: Fill) throws {
        var fill = fill
        fill.instanceID = instanceID
        try keep(.fills, fill)
    }

    /// Reports a trade, from its first fill until nothing of it is held. A report with the same `tradeID` replaces an older one.
    ///
    /// - Parameter trade: The trade. Its `instanceID` is replaced by the agent's.
    public func trade(_ trade: TradeReport) throws {
        var trade = trade
        trade.instanceID = instanceID
        try keep(.trades, trade)
    }

    /// Reports all balances of an account. The newest report replaces the one before.
    ///
    /// - Parameters:
    ///   - balances: The balances, each currency once.
    ///   - venue: The exchange or broker. The default is the instance's exchange.
    ///   - accountID: The account at the venue. The default is `default`.
    ///   - time: When the balances were read. The default is now.
    public func balances(
        _ balances: [Balance],
        venue: String? = nil,
        accountID: String? = nil,
        at time: Timestamp? = nil
    ) throws {
        let report = BalanceReport(
            instanceID: instanceID,
            venue: venue,
            accountID: accountID,
            balances: balances,
            timestamp: time ?? clock.wall()
        )
        try keep(.balances, report)
    }

    /// Reports a line of the bot's log. The control plane keeps the newest 500 lines.
    ///
    /// - Parameters:
    ///   - level: The level.
    ///   - message: The text, which is cut after 2,000 Unicode scalars.
    ///   - logger: The part of the bot that logged it.
    ///   - lineID: The ID of the line. A line with the same ID is stored once. The default is a random ID.
    ///   - time: When it was logged. The default is now.
    public func log(
        _ level: LogLevel,
        _ message: String,
        logger: String? = nil,
        lineID: String? = nil,
        at time: Timestamp? = nil
    ) throws {
        let line = LogLine(
            instanceID: instanceID,
            lineID: lineID ?? UUID.random().text,
            level: level,
            logger: logger,
            message: String(message.unicodeScalars.prefix(2_000)),
            timestamp: time ?? clock.wall()
        )
        try keep(.log, line)
    }

    /// The number of reports that were not sent yet.
    public var waiting: Int { spool.count }

    private func keep<Model: ContractModel>(_ kind: ReportKind, _ model: Model) throws {
        let body = JSONObject(model)
        _ = try Model(json: body.bytes)
        try spool.add(kind, body)
        changed.set()
    }
}
