public import ContractRuntime
public import Generated

extension API {
    public func listAuditLogs(_ input: ListAuditLogs.Input) async throws(Problem) -> ListAuditLogs.Output {
        let page = Page(number: input.page, size: input.pageSize)
        let (rows, total) = try await run(.listAuditLogs(limit: page.size, offset: page.offset), .countAuditLogs())
        return .ok(AuditPage(page: page.number, pageSize: page.size, total: total, items: rows.map(AuditEntry.init)))
    }
}

extension AuditEntry {
    fileprivate init(_ row: ListAuditLogsRow) {
        self.init(
            auditID: row.auditID,
            actor: row.actor,
            action: row.action,
            targetType: row.targetType,
            targetID: row.targetID,
            result: row.result,
            details: row.details,
            timestamp: row.ts
        )
    }
}
