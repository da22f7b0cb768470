import ContractRuntime
import Generated

extension Alert {
    /// Converts a database row.
    init(_ row: AlertRow) {
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
