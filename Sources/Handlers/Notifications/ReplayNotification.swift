public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func replayNotification(_ input: ReplayNotification.Input) async throws(Problem) -> ReplayNotification.Output
    {
        let (id, actor) = (input.deliveryID, input.principal.name)
        let row = try await audited(.notificationReplay, on: .notification, id.text, by: actor) { transaction in
            guard let row = try transaction.run(.replayDelivery(deliveryID: id)) else {
                guard try transaction.run(.deliveryExists(deliveryID: id)) else {
                    throw Problem(status: 404, code: .deliveryNotFound, detail: "delivery not found")
                }
                throw Problem(status: 409, code: .deliveryNotDead, detail: "the delivery is not dead")
            }
            try transaction.record(.notificationReplay, on: .notification, id.text, by: actor, details: .empty)
            return row
        }
        return .ok(NotificationDelivery(row))
    }
}
