public import ContractRuntime
public import Generated

extension API {
    public func listPushSubscriptions(
        _ input: ListPushSubscriptions.Input
    ) async throws(Problem) -> ListPushSubscriptions.Output {
        let rows = try await readPrimary(.listPushSubscriptions(principal: input.principal.name))
        return .ok(PushSubscriptionList(items: rows.map { PushSubscription($0) }))
    }
}

extension PushSubscription {
    /// Converts a database row. The path of the endpoint is a secret.
    init(_ row: PushSubscriptionRow) {
        self.init(
            subscriptionID: row.subscriptionID,
            service: PushEndpoint(row.endpoint)?.host ?? "unknown",
            device: row.device,
            createdAt: row.createdAt,
            sentAt: row.sentAt,
            lastError: row.lastError
        )
    }
}
