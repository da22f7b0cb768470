public import ContractRuntime
public import Generated

extension API {
    public func listCurrentReconciliations(
        _ input: ListCurrentReconciliations.Input
    ) async throws(Problem) -> ListCurrentReconciliations.Output {
        let page = try Page<String, String>(number: input.page, size: input.pageSize, cursor: nil)
        let now = Timestamp.now
        let (rows, counts) = try await readPrimary(
            .currentReconciliations(
                botID: input.botID,
                instanceID: input.instanceID,
                exchange: input.exchange,
                mode: input.mode,
                status: input.status,
                limit: page.size,
                offset: page.offset
            ),
            .countCurrentReconciliations(
                botID: input.botID,
                instanceID: input.instanceID,
                exchange: input.exchange,
                mode: input.mode
            )
        )
        let total =
            switch input.status {
            case .ok: counts.ok
            case .mismatch: counts.mismatched
            case nil: counts.ok.addingSaturated(counts.mismatched)
            }
        return .ok(
            ReconcileCurrentPage(
                generatedAt: now,
                page: page.number,
                pageSize: page.size,
                total: total,
                items: rows.map(CurrentReconciliation.init),
                ok: counts.ok,
                mismatched: counts.mismatched,
                neverCompared: counts.never
            )
        )
    }
}

extension CurrentReconciliation {
    fileprivate init(_ row: CurrentReconciliationsRow) {
        self.init(
            reconcileID: row.reconcileID,
            instanceID: row.instanceID,
            exchangeEquity: row.exchangeEquity,
            internalEquity: row.internalEquity,
            difference: row.difference,
            status: row.status,
            timestamp: row.ts,
            reportedStatus: row.reportedStatus,
            isDifferenceWrong: row.isDifferenceWrong,
            botID: row.botID,
            runtimeMode: row.runtimeMode,
            exchange: row.exchange
        )
    }
}
