import ContractRuntime
import Generated

/// The columns of a module, which every query for modules returns.
protocol ModuleRow {
    var moduleID: UUID { get }
    var name: String { get }
    var description: String? { get }
    var enabled: Bool { get }
    var executionMode: ExecutionMode { get }
    var scheduleCron: String? { get }
    var config: JSONObject { get }
    var createdAt: Timestamp { get }
    var updatedAt: Timestamp { get }
    var clientCreatedAt: Timestamp { get }
    var clientUpdatedAt: Timestamp { get }
    var missedRunPolicy: MissedRunPolicy { get }
    var queueTimeoutSeconds: Int? { get }
    var runTimeoutSeconds: Int? { get }
    var nextRunAt: Timestamp? { get }
}

extension GetModuleRow: ModuleRow {}
extension ListModulesRow: ModuleRow {}
extension UpsertModuleRow: ModuleRow {}

extension Module {
    /// Converts a database row.
    init(_ row: some ModuleRow) {
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
