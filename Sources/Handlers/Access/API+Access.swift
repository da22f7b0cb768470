public import ContractRuntime
public import Generated
import Postgres

extension API {
    /// Whose token has this hash; nil when it is nobody's, or not accepted any more.
    public func principal(ofTokenWithHash hash: String) async throws(Problem) -> Principal? {
        if !acceptedTokens.contains(hash) {
            guard try await run(AcceptTokens(hash: hash)) else { return nil }
            acceptedTokens.insert(hash)
        }
        guard let row = try await run(.findToken(hash: hash)) else {
            acceptedTokens.remove(hash)
            return nil
        }
        return Principal(name: row.name, scopes: Role.scopes(row.roles.compactMap(Role.init)), subject: row.instanceID)
    }

    /// Whether a denial gets an entry of its own in the audit log, which `storeDenial` writes; otherwise it is counted with others.
    public func admitsDenial(of name: String?, operation: String, address: String) -> Bool {
        refusals.admits(Self.denial(of: name, operation: operation, address: address))
    }

    /// Writes the entry of a denial that was admitted.
    public func storeDenial(of name: String?, operation: String, address: String) async throws(Problem) {
        try await store(
            Self.denial(of: name, operation: operation, address: address),
            details: JSONObject { json in json.member("address", address) }
        )
    }

    private static func denial(of name: String?, operation: String, address: String) -> Refusal {
        Refusal(
            actor: name ?? Actor.unknown,
            action: name == nil ? .authenticate : .authorize,
            targetType: .operation,
            targetID: operation,
            code: name == nil ? "UNAUTHORIZED" : "FORBIDDEN",
            address: address,
            isKnown: name != nil
        )
    }

    /// Keeps a denial in the audit log, by itself or counted with others.
    ///
    /// - Parameters:
    ///   - name: The principal, if the credentials were right.
    ///   - operation: The operation that was refused.
    ///   - address: Where the request came from.
    public func recordDenial(of name: String?, operation: String, address: String) async throws(Problem) {
        guard admitsDenial(of: name, operation: operation, address: address) else { return }
        try await storeDenial(of: name, operation: operation, address: address)
    }
}

extension Role {
    /// Everything that these roles allow, as scopes of security requirements.
    // traps: scopes are the raw values of an enumeration.
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
        guard let self, self.subject?.hasSameScalars(as: instanceID) != true else { return }
        throw Problem(
            status: 403,
            code: "TOKEN_OF_ANOTHER_INSTANCE",
            detail: "the token does not speak for instance '\(instanceID)'"
        )
    }
}
