public import ContractRuntime
public import Generated

extension API {
    public func listNotifications(_ input: ListNotifications.Input) async throws(Problem) -> ListNotifications.Output {
        let page = Page(number: input.page, size: input.pageSize)
        let (rows, total) = try await run(
            .listNotifications(status: input.status, limit: page.size, offset: page.offset),
            .countNotifications(status: input.status)
        )
        let items = rows.map { NotificationDelivery($0) }
        return .ok(NotificationPage(page: page.number, pageSize: page.size, total: total, items: items))
    }
}
