import ContractRuntime
import Generated
import Postgres

/// What the audit log calls an action. The names are part of the interface.
enum AuditAction: String {
    case heartbeat = "HEARTBEAT"
    case instanceMove = "INSTANCE_MOVE"
    case moduleCreate = "MODULE_CREATE"
    case moduleUpdate = "MODULE_UPDATE"
    case moduleDelete = "MODULE_DELETE"
    case moduleRunTrigger = "MODULE_RUN_TRIGGER"
    case moduleRunUpdate = "MODULE_RUN_UPDATE"
    case moduleRunCancel = "MODULE_RUN_CANCEL"
    case moduleRunClaim = "MODULE_RUN_CLAIM"
    case alertAck = "ALERT_ACK"
    case alertResolve = "ALERT_RESOLVE"
    case alertSilence = "ALERT_SILENCE"
    case notificationTest = "NOTIFICATION_TEST"
    case notificationReplay = "NOTIFICATION_REPLAY"
    case commandCreate = "COMMAND_CREATE"
    case commandCancel = "COMMAND_CANCEL"
    case commandAck = "COMMAND_ACK"
    case commandApprove = "COMMAND_APPROVE"
    case commandDeny = "COMMAND_DENY"
    case tokenIssue = "TOKEN_ISSUE"
    case tokenRotate = "TOKEN_ROTATE"
    case tokenRevoke = "TOKEN_REVOKE"
    case authenticate = "AUTHENTICATE"
    case authorize = "AUTHORIZE"
}

/// What kinds of things actions are taken on.
enum AuditTarget: String {
    case instance, module, command, alert, token, operation, notification
    case moduleRun = "module_run"
}

/// The actors without a token of their own.
enum Actor {
    static let agent = "agent"
    /// The server itself.
    static let scheduler = "scheduler"
    /// Somebody whose credentials were wrong.
    static let unknown = "unknown"
}

extension API {
    /// Runs a transaction. What is refused is kept in the audit log, too, as `REJECTED`.
    func audited<Result: Sendable>(
        _ action: AuditAction,
        on target: AuditTarget,
        _ targetID: String,
        by actor: String,
        _ body: @escaping @Sendable (borrowing Transaction) throws -> Result
    ) async throws(Problem) -> Result {
        do throws(Problem) {
            return try await transaction(body)
        } catch {
            if (400..<500).contains(error.status) {
                try await recordRefusal(error, action, on: target, targetID, by: actor)
            }
            throw error
        }
    }

    /// Keeps a refused attempt in the audit log.
    func recordRefusal(
        _ problem: Problem,
        _ action: AuditAction,
        on target: AuditTarget,
        _ targetID: String,
        by actor: String
    ) async throws(Problem) {
        _ = try await run(
            .recordAction(
                actor: actor,
                action: action,
                targetType: target,
                targetID: targetID,
                result: .rejected,
                details: JSONObject { json in json.member("code", problem.code) }
            )
        )
    }
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
