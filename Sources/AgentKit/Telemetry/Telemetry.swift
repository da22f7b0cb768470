public import ContractRuntime
public import Generated

/// What a bot reports. Each call writes to the spool and returns; the control plane gets it as soon as it answers, with the time that it
/// is about.
///
/// A call throws `InvalidInput` for values that the contract refuses, with all that is wrong; `SpoolFull` or `FileFailure` when the report
/// could not be kept.
public struct Telemetry: Sendable {
    let instanceID: String
    let symbol: String
    let clock: AgentClock
    let spool: Spool
    let changed: Signal

    /// A value of a metric, such as `equity`, `realized_pnl` or `unrealized_pnl`.
    ///
    /// - Parameters:
    ///   - symbol: What it is about; the agent's own symbol when left out.
    ///   - currency: What it is an amount of; the books' own currency when left out.
    ///   - time: When it held; now when left out.
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

    /// What the bot holds of a symbol.
    ///
    /// - Parameters:
    ///   - net: Long less short.
    ///   - gross: Long and short together.
    public func position(net: Decimal, gross: Decimal, symbol: String? = nil, at time: Timestamp? = nil) throws {
        let report = PositionReport(
            instanceID: instanceID,
            symbol: symbol ?? self.symbol,
            netExposure: net,
            grossExposure: gross,
            updatedAt: time ?? clock.wall()
        )
        try keep(.positions, report)
    }

    /// A fee or a funding payment. It is booked once, however often it is sent.
    ///
    /// - Parameters:
    ///   - amount: A FEE is positive when it was paid and negative when it was a rebate; FUNDING is positive when it was received.
    ///   - entryID: What the exchange knows it by, so that a bot that reports the same fill after a restart books it once; a random
    ///     one when left out.
    ///   - fxRate: How much of the books' own currency one unit of `currency` is worth.
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

    /// How well an order was executed.
    ///
    /// - Parameters:
    ///   - slippageBps: How much worse the price was than expected, in basis points.
    ///   - latencyMs: From the order to its fill, in milliseconds.
    ///   - fillRatio: How much was filled, from 0 to 1.
    ///   - sampleID: The order's id; a random one when left out.
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

    /// How many reports wait for the control plane.
    public var waiting: Int { spool.count }

    private func keep<Model: ContractModel>(_ kind: ReportKind, _ model: Model) throws {
        let body = JSONObject(model)
        _ = try Model(json: body.bytes)
        try spool.add(kind, body)
        changed.set()
    }
}
