import ContractRuntime
import Generated

extension Command {
    /// Converts a database row.
    init(_ row: CommandRow) {
        self.init(
            commandID: row.commandID,
            instanceID: row.instanceID,
            commandType: row.commandType,
            issuedAt: row.issuedAt,
            expiresAt: row.expiresAt,
            payload: row.payload,
            status: row.status,
            outcome: row.outcome,
            createdBy: row.createdBy,
            createdAt: row.createdAt,
            reason: row.reason,
            supersedes: row.supersedes,
            supersededOutcome: row.supersededOutcome,
            firstDeliveredAt: row.firstDeliveredAt,
            deliveryCount: row.deliveryCount
        )
    }
}
