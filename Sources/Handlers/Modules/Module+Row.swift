import ContractRuntime
import Generated

extension Module {
    /// Converts a database row. Configurations may contain secrets, so only operators see them.
    init(_ row: ModuleRow, for principal: Principal) {
        let isHidden = !principal.scopes.contains(Role.operator.rawValue)
        self.init(
            moduleID: row.moduleID,
            name: row.name,
            description: row.description,
            enabled: row.enabled,
            executionMode: row.executionMode,
            scheduleCron: row.scheduleCron,
            config: isHidden ? .empty : row.config,
            createdAt: row.createdAt,
            updatedAt: row.updatedAt,
            clientCreatedAt: row.clientCreatedAt,
            clientUpdatedAt: row.clientUpdatedAt,
            missedRunPolicy: row.missedRunPolicy,
            queueTimeoutSeconds: row.queueTimeoutSeconds,
            runTimeoutSeconds: row.runTimeoutSeconds,
            nextRunAt: row.nextRunAt,
            isConfigHidden: isHidden ? true : nil
        )
    }
}
