public import ContractRuntime
public import Generated
import Postgres

extension API {
    /// Whose token has this hash; nil when it is nobody's, or not accepted any more.
    public func principal(ofTokenWithHash hash: String) async throws(Problem) -> Principal? {
        guard let row = try await run(.findToken(hash: hash)) else { return nil }
        return Principal(name: row.name, scopes: Role.scopes(row.roles.compactMap(Role.init)), subject: row.instanceID)
    }

    /// Keeps in the audit log that somebody was turned away.
    ///
    /// - Parameters:
    ///   - name: Who it was, if the credentials were right.
    ///   - operation: What they tried.
    ///   - address: Where they called from.
    public func recordDenial(of name: String?, operation: String, address: String) async throws(Problem) {
        _ = try await run(
            .recordAction(
                actor: name ?? Actor.unknown,
                action: name == nil ? .authenticate : .authorize,
                targetType: .operation,
                targetID: operation,
                result: .rejected,
                details: JSONObject { json in json.member("address", address) }
            )
        )
    }
}

extension Role {
    /// Everything that these roles allow, as scopes of security requirements.
    public static func scopes(_ roles: [Role]) -> Set<String> {
        Set(roles.flatMap(\.included).map(\.rawValue))
    }

    /// The role and those that it includes.
    private var included: [Role] {
        switch self {
        case .viewer: [.viewer]
        case .operator: [.viewer, .operator]
        case .admin: [.viewer, .operator, .admin]
        case .approver: [.viewer, .approver]
        }
    }
}

extension Principal? {
    /// Refuses an agent that speaks of another instance than its own. Where agents need no credentials, any may speak of any.
    func requireSubject(_ instanceID: String) throws(Problem) {
        guard let self, self.subject != instanceID else { return }
        throw Problem(
            status: 403,
            code: "TOKEN_OF_ANOTHER_INSTANCE",
            detail: "the token does not speak for instance '\(instanceID)'"
        )
    }
}
