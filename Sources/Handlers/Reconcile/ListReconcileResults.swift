public import ContractRuntime
public import Generated

extension API {
    public func listReconcileResults(
        _ input: ListReconcileResults.Input
    ) async throws(Problem) -> ListReconcileResults.Output {
        let page = try Page<Timestamp, UUID>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let (rows, counted) = try await readPrimary(
            .listReconcileResults(
                botID: input.botID,
                instanceID: input.instanceID,
                exchange: input.exchange,
                mode: input.mode,
                status: input.status,
                from: input.from,
                to: input.to,
                afterTime: page.after?.0,
                afterID: page.after?.1,
                limit: page.limit,
                offset: page.offset
            ),
            .countReconcileResults(
                botID: input.botID,
                instanceID: input.instanceID,
                exchange: input.exchange,
                mode: input.mode,
                status: input.status,
                from: input.from,
                to: input.to,
                most: Total.most
            )
        )
        let items = page.items(rows).map { ReconcileResult($0) }
        let total = Total(counted: counted)
        return .ok(
            ReconcilePage(
                page: page.number,
                pageSize: page.size,
                total: total.count,
                totalIsExact: total.isExact,
                items: items,
                nextCursor: page.next(rows) { ($0.ts, $0.reconcileID) }
            )
        )
    }
}

extension ReconcileResult {
    fileprivate init(_ row: ListReconcileResultsRow) {
        self.init(
            reconcileID: row.reconcileID,
            instanceID: row.instanceID,
            exchangeEquity: row.exchangeEquity,
            internalEquity: row.internalEquity,
            difference: row.difference,
            status: row.status,
            timestamp: row.ts,
            reportedStatus: row.reportedStatus,
            isDifferenceWrong: row.isDifferenceWrong
        )
    }
}
