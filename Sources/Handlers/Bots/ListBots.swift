public import ContractRuntime
public import Generated

extension API {
    public func listBots(_ input: ListBots.Input) async throws(Problem) -> ListBots.Output {
        let page = try Page<String, String>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let (rows, count) = try await run(
            .listBots(afterBot: page.after?.0, afterInstance: page.after?.1, limit: page.limit, offset: page.offset),
            .countBots()
        )
        let lostBefore = Timestamp.now.adding(seconds: -configuration.heartbeatStaleSeconds)
        return .ok(
            BotPage(
                page: page.number,
                pageSize: page.size,
                total: count.rows,
                totalBots: count.bots,
                items: page.items(rows).map { Bot($0, lostBefore: lostBefore) },
                nextCursor: page.next(rows) { ($0.botID, $0.instanceID ?? "") }
            )
        )
    }
}

extension Bot {
    fileprivate init(_ row: ListBotsRow, lostBefore: Timestamp) {
        self.init(
            botID: row.botID,
            name: row.name,
            strategyName: row.strategyName,
            instanceID: row.instanceID,
            runtimeMode: row.runtimeMode,
            exchange: row.exchange,
            symbol: row.symbol,
            status: InstanceStatus(row.state, isLost: row.lastSeen.map { $0 < lostBefore } ?? false),
            lastSeen: row.lastSeen,
            lastReceivedAt: row.lastReceivedAt,
            version: row.version
        )
    }
}

extension InstanceStatus {
    /// What an instance says of itself and what its silence says, together; nil for a bot without an instance.
    fileprivate init?(_ state: AgentState?, isLost: Bool) {
        switch (state, isLost) {
        case (nil, _): return nil
        case (.stopped, _): self = .stopped
        case (_, true): self = .lost
        case (.normal, _): self = .running
        case (.degraded, _): self = .degraded
        case (.safeMode, _): self = .safeMode
        case (.flattened, _): self = .flattened
        }
    }
}
