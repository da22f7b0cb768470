public import ContractRuntime
public import Generated
import Postgres

extension API {
    /// The principal of the token with this hash; nil if the token is unknown or no longer valid.
    public func principal(ofTokenWithHash hash: String) async throws(Problem) -> Principal? {
        if !acceptedTokens.contains(hash) {
            guard try await run(AcceptTokens(hash: hash)) else { return nil }
            acceptedTokens.insert(hash)
        }
        guard let row = try await run(.findToken(hash: hash)) else {
            acceptedTokens.remove(hash)
            return nil
        }
        return Principal(
            name: row.name,
            scopes: Role.scopes(row.roles.compactMap(Role.init)),
            subject: row.instanceID,
            identity: row.identity
        )
    }

    /// The principal of the enrolment code with this hash, whose identity is the code's id; nil if the code is unknown or no longer valid.
    public func principal(ofCodeWithHash hash: String) async throws(Problem) -> Principal? {
        guard try await run(AcceptTokens(hash: hash)), let codeID = try await run(.findEnrolmentCode(hash: hash)) else {
            return nil
        }
        return Principal(name: ReservedNames.enrolmentPrefix + codeID.text, identity: codeID)
    }

    /// Whether a denial gets its own entry in the audit log, written by `storeDenial`; otherwise it is counted with others.
    public func admitsDenial(of name: String?, operation: String, address: String) -> Bool {
        rejections.admits(Self.denial(of: name, operation: operation, address: address))
    }

    /// Writes the audit entry of an admitted denial.
    public func storeDenial(of name: String?, operation: String, address: String) async throws(Problem) {
        try await store(
            Self.denial(of: name, operation: operation, address: address),
            details: JSONObject { json in json.member("address", address) }
        )
    }

    private static func denial(of name: String?, operation: String, address: String) -> Rejection {
        Rejection(
            actor: name ?? Actor.unknown,
            action: name == nil ? .authenticate : .authorize,
            targetType: .operation,
            targetID: operation,
            code: name == nil ? .unauthorized : .forbidden,
            address: address,
            isKnown: name != nil
        )
    }

    /// Records a denial in the audit log, with its own entry or counted with others.
    ///
    /// - Parameters:
    ///   - name: The principal, if the credentials were valid.
    ///   - operation: The operation that was denied.
    ///   - address: The address of the client.
    public func recordDenial(of name: String?, operation: String, address: String) async throws(Problem) {
        guard admitsDenial(of: name, operation: operation, address: address) else { return }
        try await storeDenial(of: name, operation: operation, address: address)
    }
}

extension Role {
    /// All scopes that these roles include, for security requirements.
    // traps: scopes are the raw values of an enumeration.
    public static func scopes(_ roles: [Role]) -> Set<String> {
        Set(roles.flatMap(\.included).map(\.rawValue))
    }

    /// The role and the roles that it includes.
    private var included: [Role] {
        switch self {
        case .viewer: [.viewer]
        case .operator: [.viewer, .operator]
        case .admin: [.viewer, .operator, .admin]
        case .approver: [.viewer, .approver]
        }
    }
}

extension API {
    /// Rejects an agent that acts for another instance than its own, and records it in the audit log. If agents need no credentials, any
    /// may act for any instance.
    func require(_ principal: Principal?, actsFor instanceID: String) async throws(Problem) {
        guard let principal, principal.subject?.hasSameScalars(as: instanceID) != true else { return }
        let problem = Problem(
            status: 403,
            code: .tokenOfAnotherInstance,
            detail: "the token is not valid for instance '\(instanceID)'"
        )
        try await recordRejection(problem, .authorize, on: .instance, instanceID, by: principal.name)
        throw problem
    }
}
