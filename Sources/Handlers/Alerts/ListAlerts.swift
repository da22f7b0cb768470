public import ContractRuntime
public import Generated

extension API {
    public func listAlerts(_ input: ListAlerts.Input) async throws(Problem) -> ListAlerts.Output {
        let page = Page(number: input.page, size: input.pageSize)
        let (rows, total) = try await run(
            .listAlerts(
                status: input.status,
                severity: input.severity,
                targetID: input.targetID,
                limit: page.size,
                offset: page.offset
            ),
            .countAlerts(status: input.status, severity: input.severity, targetID: input.targetID)
        )
        return .ok(AlertPage(page: page.number, pageSize: page.size, total: total, items: rows.map { Alert($0) }))
    }
}
