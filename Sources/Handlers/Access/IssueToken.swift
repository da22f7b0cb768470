public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func issueToken(_ input: IssueToken.Input) async throws(Problem) -> IssueToken.Output {
        let request = input.body
        let draft = TokenDraft(name: request.name, roles: request.roles, expiresAt: request.expiresAt)
        return .created(try await issue(draft, by: input.principal.name))
    }

    public func issueAgentToken(_ input: IssueAgentToken.Input) async throws(Problem) -> IssueAgentToken.Output {
        let draft = TokenDraft(
            name: "agent:\(input.instanceID)",
            instanceID: input.instanceID,
            expiresAt: input.body.expiresAt
        )
        return .created(try await issue(draft, by: input.principal.name))
    }

    private func issue(_ draft: TokenDraft, by actor: String) async throws(Problem) -> IssuedToken {
        let configured = configuration.configuredNames
        return try await audited(.tokenIssue, on: .token, draft.name, by: actor) { transaction in
            try draft.checkName(configured)
            return try transaction.issue(draft, by: actor)
        }
    }
}

/// A token to be issued.
struct TokenDraft {
    var name: String
    var roles: [Role] = []
    var instanceID: String?
    var expiresAt: Timestamp?
    /// The identity of the predecessor; nil for a new identity.
    var identity: UUID?
    /// The lifetime of successors, if the agent rotates it.
    var lifetimeSeconds: Int?

    /// Rejects a name that would forge entries of the audit log.
    ///
    /// - Parameter configured: The names of configured tokens.
    func checkName(_ configured: [String]) throws(Problem) {
        if instanceID == nil, ReservedNames.contains(name, configured: configured) { throw .nameReserved(name) }
    }
}

extension Transaction {
    /// Stores a token with a new secret, and its audit entry.
    borrowing func issue(_ draft: TokenDraft, by actor: String, as action: AuditAction = .tokenIssue) throws
        -> IssuedToken
    {
        let secret = TokenSecret.random()
        let row = try run(
            .insertToken(
                name: draft.name,
                roles: draft.roles.map(\.rawValue),
                instanceID: draft.instanceID,
                hash: TokenSecret.hash(secret),
                createdBy: actor,
                expiresAt: draft.expiresAt,
                identity: draft.identity,
                lifetimeSeconds: draft.lifetimeSeconds
            )
        )
        guard let row else {
            let detail = "'\(draft.name)' already has a token; rotate or revoke it"
            throw Problem(status: 409, code: .tokenExists, detail: detail)
        }
        let details = JSONObject { json in
            json.member("token_id", row.tokenID)
            json.member("roles", draft.roles)
        }
        try record(action, on: .token, draft.name, by: actor, details: details)
        try notifyAccessChange(action, of: draft.name, by: actor)
        return IssuedToken(row, secret: secret)
    }
}

extension Transaction {
    /// Notifies people of a change of a token's permissions.
    borrowing func notifyAccessChange(_ action: AuditAction, of name: String, by actor: String) throws {
        _ = try run(
            .insertNotification(
                severity: .audit,
                title: "Access Changed",
                message: "\(action.rawValue) of '\(name)' by '\(actor)'"
            )
        )
    }
}
