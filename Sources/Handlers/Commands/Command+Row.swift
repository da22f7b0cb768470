import ContractRuntime
import Generated

/// The columns of a command, which every query for commands returns.
protocol CommandRow {
    var commandID: UUID { get }
    var instanceID: String { get }
    var commandType: CommandType { get }
    var issuedAt: Timestamp { get }
    var expiresAt: Timestamp { get }
    var payload: JSONObject { get }
    var status: CommandStatus { get }
    var reason: String? { get }
    var supersedes: UUID? { get }
    var createdBy: String { get }
    var createdAt: Timestamp { get }
    var firstDeliveredAt: Timestamp? { get }
    var deliveryCount: Int { get }
    var outcome: CommandOutcome? { get }
    var supersededOutcome: CommandOutcome? { get }
}

extension CancelCommandRow: CommandRow {}
extension DecideCommandRow: CommandRow {}
extension DeliverCommandsRow: CommandRow {}
extension GetCommandRow: CommandRow {}
extension InsertCommandRow: CommandRow {}
extension ListCommandsRow: CommandRow {}

extension Command {
    /// Converts a database row.
    init(_ row: some CommandRow) {
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
