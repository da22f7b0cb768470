import ContractRuntime
import Generated

extension Module {
    /// Converts a database row.
    init(_ row: ModuleRow) {
        self.init(
            moduleID: row.moduleID,
            name: row.name,
            description: row.description,
            enabled: row.enabled,
            executionMode: row.executionMode,
            scheduleCron: row.scheduleCron,
            config: row.config,
            createdAt: row.createdAt,
            updatedAt: row.updatedAt,
            clientCreatedAt: row.clientCreatedAt,
            clientUpdatedAt: row.clientUpdatedAt,
            missedRunPolicy: row.missedRunPolicy,
            queueTimeoutSeconds: row.queueTimeoutSeconds,
            runTimeoutSeconds: row.runTimeoutSeconds,
            nextRunAt: row.nextRunAt
        )
    }
}
