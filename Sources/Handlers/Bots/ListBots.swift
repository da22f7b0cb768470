public import ContractRuntime
public import Generated

extension API {
    public func listBots(_ input: ListBots.Input) async throws(Problem) -> ListBots.Output {
        let page = try Page<String, String>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let (rows, count) = try await readPrimary(
            .listBots(
                staleSeconds: configuration.heartbeatStaleSeconds,
                afterBot: page.after?.0,
                afterInstance: page.after?.1,
                limit: page.limit,
                offset: page.offset
            ),
            .countBots()
        )
        return .ok(
            BotPage(
                page: page.number,
                pageSize: page.size,
                total: count.rows,
                totalBots: count.bots,
                items: page.items(rows).map { Bot($0) },
                nextCursor: page.next(rows) { ($0.botID, $0.instanceID ?? "") }
            )
        )
    }
}

extension Bot {
    fileprivate init(_ row: ListBotsRow) {
        self.init(
            botID: row.botID,
            name: row.name,
            strategyName: row.strategyName,
            instanceID: row.instanceID,
            runtimeMode: row.runtimeMode,
            exchange: row.exchange,
            symbol: row.symbol,
            status: row.status,
            lastSeen: row.lastSeen,
            lastReceivedAt: row.lastReceivedAt,
            version: row.version
        )
    }
}
