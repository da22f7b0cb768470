public import ContractRuntime
public import Generated

extension API {
    public func listNotifications(_ input: ListNotifications.Input) async throws(Problem) -> ListNotifications.Output {
        let page = try Page<Timestamp, UUID>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let (rows, counted) = try await readPrimary(
            .listNotifications(
                status: input.status,
                alertID: input.alertID,
                afterTime: page.after?.0,
                afterID: page.after?.1,
                limit: page.limit,
                offset: page.offset
            ),
            .countNotifications(status: input.status, alertID: input.alertID, most: Total.most)
        )
        let items = page.items(rows).map { NotificationDelivery($0) }
        let total = Total(counted: counted)
        return .ok(
            NotificationPage(
                page: page.number,
                pageSize: page.size,
                total: total.count,
                totalIsExact: total.isExact,
                items: items,
                nextCursor: page.next(rows) { ($0.createdAt, $0.deliveryID) }
            )
        )
    }
}
