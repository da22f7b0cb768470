public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func deletePushSubscription(
        _ input: DeletePushSubscription.Input
    ) async throws(Problem) -> DeletePushSubscription.Output {
        let (id, principal) = (input.subscriptionID, input.principal.name)
        try await audited(.pushUnsubscribe, on: .pushSubscription, id.text, by: principal) { transaction in
            guard
                let device = try transaction.run(.deletePushSubscription(subscriptionID: id, principal: principal))
            else {
                throw Problem(status: 404, code: .pushSubscriptionNotFound, detail: "push subscription not found")
            }
            let details = JSONObject { json in json.member("device", device) }
            try transaction.record(.pushUnsubscribe, on: .pushSubscription, id.text, by: principal, details: details)
        }
        return .noContent
    }
}
