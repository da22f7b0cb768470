public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func testNotification(_ input: TestNotification.Input) async throws(Problem) -> TestNotification.Output {
        let (severity, actor) = (input.severity, input.principal.name)
        let id = try await transaction { transaction in
            let message = "A test requested by \(actor)"
            let id = try transaction.run(
                .insertNotification(severity: severity, title: "Test Notification", message: message)
            )
            let details = JSONObject { json in json.member("severity", severity) }
            try transaction.record(.notificationTest, on: .notification, id.text, by: actor, details: details)
            return id
        }
        await deliverNotifications(within: Self.firstTry)
        let items = try await afterNotifying { () async throws(Problem) in
            try await run(.deliveriesOf(notificationID: id)).map { NotificationDelivery($0) }
        }
        return .ok(
            NotificationTest(severity: severity, notified: items.contains { $0.status == .sent }, items: items)
        )
    }
}
