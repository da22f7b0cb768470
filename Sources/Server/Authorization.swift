import ContractRuntime
import Generated

/// Decides which caller may call which operation. No other code does: the API, `/api` of the web listener and the pages all ask here.
///
/// An operation's requirements are those of the contract: a security scheme and the scopes, which are roles.
struct Authorization: Sendable {
    /// An authenticated caller.
    enum Caller {
        /// A client with a token of this security scheme.
        case token(Principal, SecurityScheme)
        /// A signed-in user. A session has the rights of the admin token that opened it.
        case session(Principal)
    }

    enum Decision: Equatable {
        case allowed
        /// The caller has no credentials of a kind that the operation accepts.
        case unauthenticated
        /// The caller does not satisfy this requirement.
        case forbidden(SecurityRequirement)
    }

    /// The scheme of agents' tokens, which are bound to an instance.
    static let agentScheme = "agentToken"
    /// The scheme of enrolment codes, which agents exchange for their tokens.
    static let enrolmentScheme = "enrolmentCode"
    /// The scheme of all other tokens.
    static let adminScheme = "adminToken"

    /// Whether operations require the schemes in `x-optional-security`.
    let requiresAgents: Bool

    /// The alternatives of which a caller must satisfy one; empty if the operation is public.
    func requirements(of route: Route) -> [[SecurityRequirement]] {
        let requirements = route.security
        return requirements.isEmpty && requiresAgents ? route.optionalSecurity : requirements
    }

    /// Whether people call an operation, and not agents.
    static func isForPeople(_ route: Route) -> Bool {
        route.security.contains { $0.contains { $0.scheme.name.hasSameScalars(as: adminScheme) } }
    }

    /// Whether a caller may call an operation.
    ///
    /// - Parameter caller: The caller; nil if it has no credentials.
    func decision(for caller: Caller?, on route: Route) -> Decision {
        var alternatives = requirements(of: route)
        // A token that is not required must be valid all the same, or its agent would be anonymous without noticing.
        if case .token = caller, alternatives.isEmpty { alternatives = route.optionalSecurity }
        guard !alternatives.isEmpty else { return .allowed }
        let (principal, scheme): (Principal, String)
        switch caller {
        case nil: return .unauthenticated
        case .token(let owner, let presented): (principal, scheme) = (owner, presented.name)
        case .session(let owner): (principal, scheme) = (owner, Self.adminScheme)
        }
        var unsatisfied: SecurityRequirement?
        // The contract never requires several schemes at once. Such an alternative could not be checked here, so it grants no access.
        for requirements in alternatives where requirements.count == 1 {
            guard let requirement = requirements.first, requirement.scheme.name.hasSameScalars(as: scheme) else {
                continue
            }
            if Self.satisfies(principal, requirement) { return .allowed }
            unsatisfied = unsatisfied ?? requirement
        }
        return unsatisfied.map { .forbidden($0) } ?? .unauthenticated
    }

    /// Throws 401 or 403 if a caller may not call an operation.
    func check(_ caller: Caller?, on route: Route) throws(Problem) {
        switch decision(for: caller, on: route) {
        case .allowed: return
        case .unauthenticated: throw .unauthorized
        case .forbidden(let requirement): throw .forbidden(requirement)
        }
    }

    /// The roles of which a signed-in user needs one; nil if it may call the operation.
    func missingRoles(of user: Principal, on route: Route) -> [String]? {
        switch decision(for: .session(user), on: route) {
        case .allowed: nil
        case .unauthenticated: []
        case .forbidden(let requirement): requirement.scopes
        }
    }

    /// An agent's token is not an admin token, nor the reverse.
    private static func satisfies(_ principal: Principal, _ requirement: SecurityRequirement) -> Bool {
        requirement.scheme.name.hasSameScalars(as: agentScheme) == (principal.subject != nil)
            && principal.scopes.isSuperset(of: requirement.scopes)
    }
}

extension Problem {
    /// The 403 for an authenticated caller without the required role.
    fileprivate static func forbidden(_ requirement: SecurityRequirement) -> Problem {
        let roles = requirement.scopes.map { "'\($0)'" }.joined(separator: " and ")
        let detail =
            roles.isEmpty ? "the token is not valid for this operation" : "the operation needs the role \(roles)"
        return Problem(status: 403, code: .forbidden, detail: detail)
    }
}
