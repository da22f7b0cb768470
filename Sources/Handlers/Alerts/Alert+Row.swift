import ContractRuntime
import Generated

/// The columns of an alert, which every query for alerts returns.
protocol AlertRow {
    var alertID: UUID { get }
    var source: String { get }
    var severity: Severity { get }
    var status: AlertStatus { get }
    var targetType: String { get }
    var targetID: String { get }
    var message: String { get }
    var metadata: JSONObject { get }
    var occurrences: Int { get }
    var firstAt: Timestamp { get }
    var lastAt: Timestamp { get }
    var ackedAt: Timestamp? { get }
    var ackedBy: String? { get }
    var resolvedAt: Timestamp? { get }
    var resolvedBy: String? { get }
    var lastNotifiedAt: Timestamp? { get }
    var silencedUntil: Timestamp? { get }
}

extension AcknowledgeAlertRow: AlertRow {}
extension GetAlertRow: AlertRow {}
extension ListAlertsRow: AlertRow {}
extension ResolveAlertRow: AlertRow {}

extension Alert {
    /// Converts a database row.
    init(_ row: some AlertRow) {
        self.init(
            alertID: row.alertID,
            source: row.source,
            severity: row.severity,
            status: row.status,
            targetType: row.targetType,
            targetID: row.targetID,
            message: row.message,
            metadata: row.metadata,
            occurrences: row.occurrences,
            firstAt: row.firstAt,
            lastAt: row.lastAt,
            ackedAt: row.ackedAt,
            ackedBy: row.ackedBy,
            resolvedAt: row.resolvedAt,
            resolvedBy: row.resolvedBy,
            lastNotifiedAt: row.lastNotifiedAt,
            silencedUntil: row.silencedUntil
        )
    }
}
