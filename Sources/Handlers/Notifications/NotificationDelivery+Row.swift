import ContractRuntime
import Generated

/// The columns of a delivery, which every query for deliveries returns.
protocol NotificationDeliveryRow {
    var deliveryID: UUID { get }
    var notificationID: UUID { get }
    var severity: Severity { get }
    var title: String { get }
    var message: String { get }
    var alertID: UUID? { get }
    var target: String { get }
    var status: DeliveryStatus { get }
    var attempts: Int { get }
    var createdAt: Timestamp { get }
    var nextAttemptAt: Timestamp? { get }
    var sentAt: Timestamp? { get }
    var lastError: String? { get }
}

extension DeliveriesOfRow: NotificationDeliveryRow {}
extension ListNotificationsRow: NotificationDeliveryRow {}
extension ReplayDeliveryRow: NotificationDeliveryRow {}

extension NotificationDelivery {
    /// Converts a database row.
    init(_ row: some NotificationDeliveryRow) {
        self.init(
            deliveryID: row.deliveryID,
            notificationID: row.notificationID,
            severity: row.severity,
            title: row.title,
            message: row.message,
            alertID: row.alertID,
            target: row.target,
            status: row.status,
            attempts: row.attempts,
            createdAt: row.createdAt,
            nextAttemptAt: row.nextAttemptAt,
            sentAt: row.sentAt,
            lastError: row.lastError
        )
    }
}
