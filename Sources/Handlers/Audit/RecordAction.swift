import ContractRuntime
import Generated
import Postgres

/// The names of actions in the audit log. They are part of the interface.
enum AuditAction: String {
    case heartbeat = "HEARTBEAT"
    case instanceMove = "INSTANCE_MOVE"
    case instanceRetire = "INSTANCE_RETIRE"
    case instanceDelete = "INSTANCE_DELETE"
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
    case commandHold = "COMMAND_HOLD"
    case commandKeyRegister = "COMMAND_KEY_REGISTER"
    case commandKeyRevoke = "COMMAND_KEY_REVOKE"
    case tokenIssue = "TOKEN_ISSUE"
    case tokenRotate = "TOKEN_ROTATE"
    case tokenRevoke = "TOKEN_REVOKE"
    case enrolmentCodeCreate = "ENROLMENT_CODE_CREATE"
    case enrolmentCodeRevoke = "ENROLMENT_CODE_REVOKE"
    case agentEnroll = "AGENT_ENROLL"
    case pushSubscribe = "PUSH_SUBSCRIBE"
    case pushUnsubscribe = "PUSH_UNSUBSCRIBE"
    case timestampsRepair = "TIMESTAMPS_REPAIR"
    case fxRatesReport = "FX_RATES_REPORT"
    case auditExport = "AUDIT_EXPORT"
    case export = "EXPORT"
    case logIn = "LOGIN"
    case logOut = "LOGOUT"
    case sessionRevoke = "SESSION_REVOKE"
    case sessionEnd = "SESSION_END"
    case authenticate = "AUTHENTICATE"
    case authorize = "AUTHORIZE"
}

/// The types of targets in the audit log.
enum AuditTarget: String {
    case instance, module, command, alert, token, session, operation, notification, books
    case moduleRun = "module_run"
    case auditMonth = "audit_month"
    case pushSubscription = "push_subscription"
    case enrolmentCode = "enrolment_code"
    case commandKey = "command_key"
}

/// Actors without a token.
public enum Actor {
    static let agent = "agent"
    /// The holder of `ADMIN_TOKEN`.
    public static let admin = "admin-token-user"
    /// The server itself.
    static let scheduler = "scheduler"
    /// A caller with invalid credentials.
    static let unknown = "unknown"
}

extension API {
    /// Runs a transaction. A rejection is also recorded in the audit log, as `REJECTED`.
    func audited<Result: Sendable>(
        _ action: AuditAction,
        on target: AuditTarget,
        _ targetID: String,
        by actor: String,
        _ body: @escaping @Sendable (borrowing Transaction) throws -> Result
    ) async throws(Problem) -> Result {
        try await auditingRejection(action, on: target, targetID, by: actor) { () async throws(Problem) in
            try await transaction(body)
        }
    }

    /// Records a rejection of `work` in the audit log, as `REJECTED`.
    func auditingRejection<Result: Sendable>(
        _ action: AuditAction,
        on target: AuditTarget,
        _ targetID: String,
        by actor: String,
        _ work: () async throws(Problem) -> Result
    ) async throws(Problem) -> Result {
        do throws(Problem) {
            return try await work()
        } catch {
            if (400..<500).contains(error.status) {
                try await recordRejection(error, action, on: target, targetID, by: actor)
            }
            throw error
        }
    }

    /// Records a rejected attempt in the audit log.
    func recordRejection(
        _ problem: Problem,
        _ action: AuditAction,
        on target: AuditTarget,
        _ targetID: String,
        by actor: String
    ) async throws(Problem) {
        let rejection = Rejection(
            actor: actor,
            action: action,
            targetType: target,
            targetID: targetID,
            code: problem.contractCode,
            isKnown: true
        )
        try await record(rejection, details: JSONObject { json in json.member("code", problem.code) })
    }

    /// Records a rejection in the audit log, with its own entry or counted with others.
    func record(_ rejection: Rejection, details: JSONObject) async throws(Problem) {
        if rejections.admits(rejection) { try await store(rejection, details: details) }
    }

    /// Writes the entry of a rejection.
    func store(_ rejection: Rejection, details: JSONObject) async throws(Problem) {
        _ = try await run(
            .recordAction(
                actor: rejection.actor,
                action: rejection.action,
                targetType: rejection.targetType,
                targetID: rejection.targetID,
                result: rejection.result,
                details: details,
                address: RequestClient.current?.address
            )
        )
    }

    /// Writes the entries of counted rejections after each window, until it is cancelled.
    public func recordCountedRejections() async {
        while (try? await Task.sleep(for: .seconds(5))) != nil { await recordCountedRejections(isLast: false) }
    }

    /// Writes the entries of rejections that were counted in a finished window. Entries that cannot be stored are counted again in the next
    /// window.
    ///
    /// - Parameter isLast: Whether the server is shutting down.
    public func recordCountedRejections(isLast: Bool) async {
        for (rejection, count) in rejections.take(isLast: isLast) {
            let details = JSONObject { json in
                json.member("code", rejection.code)
                if let address = rejection.address { json.member("address", address) }
                json.member("count", count)
            }
            do throws(Problem) { try await store(rejection, details: details) } catch {
                rejections.putBack(rejection, count: count)
            }
        }
    }
}

extension Transaction {
    /// Adds an entry to the audit log, in the same transaction as the action.
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
                details: details,
                address: RequestClient.current?.address
            )
        )
    }
}
