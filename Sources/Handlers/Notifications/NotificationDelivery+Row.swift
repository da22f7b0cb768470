import ContractRuntime
import Generated

extension NotificationDelivery {
    /// Converts a database row.
    init(_ row: NotificationDeliveryRow) {
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
