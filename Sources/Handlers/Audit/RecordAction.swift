import ContractRuntime
import Generated
import Postgres

/// What the audit log calls an action. The names are part of the interface.
enum AuditAction: String {
    case heartbeat = "HEARTBEAT"
    case moduleCreate = "MODULE_CREATE"
    case moduleUpdate = "MODULE_UPDATE"
    case moduleDelete = "MODULE_DELETE"
    case moduleRunTrigger = "MODULE_RUN_TRIGGER"
    case moduleRunUpdate = "MODULE_RUN_UPDATE"
    case moduleRunCancel = "MODULE_RUN_CANCEL"
    case alertAck = "ALERT_ACK"
    case alertResolve = "ALERT_RESOLVE"
    case commandCreate = "COMMAND_CREATE"
    case commandCancel = "COMMAND_CANCEL"
    case commandAck = "COMMAND_ACK"
}

/// What kinds of things actions are taken on.
enum AuditTarget: String {
    case instance, module, command, alert
    case moduleRun = "module_run"
}

/// The actors without a token of their own.
enum Actor {
    static let agent = "agent"
    /// The server itself.
    static let scheduler = "scheduler"
}

extension Transaction {
    /// Adds an entry to the audit log, committed with what it tells of.
    borrowing func record(
        _ action: AuditAction,
        on target: AuditTarget,
        _ targetID: String,
        by actor: String,
        result: AuditResult = .success,
        details: JSONObject
    ) throws(PostgresError) {
        _ = try run(
            .recordAction(
                actor: actor,
                action: action,
                targetType: target,
                targetID: targetID,
                result: result,
                details: details
            )
        )
    }
}
