public import ContractRuntime
public import Generated

extension API {
    public func listAlerts(_ input: ListAlerts.Input) async throws(Problem) -> ListAlerts.Output {
        let page = try Page<Timestamp, UUID>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let (rows, counted) = try await readPrimary(
            .listAlerts(
                status: input.status,
                severity: input.severity,
                targetID: input.targetID,
                afterTime: page.after?.0,
                afterID: page.after?.1,
                limit: page.limit,
                offset: page.offset
            ),
            .countAlerts(status: input.status, severity: input.severity, targetID: input.targetID, most: Total.most)
        )
        let total = Total(counted: counted)
        return .ok(
            AlertPage(
                page: page.number,
                pageSize: page.size,
                total: total.count,
                totalIsExact: total.isExact,
                items: page.items(rows).map { Alert($0) },
                nextCursor: page.next(rows) { ($0.firstAt, $0.alertID) }
            )
        )
    }
}
