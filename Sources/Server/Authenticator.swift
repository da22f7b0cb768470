import ContractRuntime
import Generated
import Handlers
import NIOHTTP1

/// Authenticates and authorizes requests.
struct Authenticator: Sendable {
    /// The result of checking a request's header fields.
    enum Verdict {
        /// The operation is public, or the credentials are configured ones.
        case known(Principal?)
        /// The token's hash must be looked up in the database.
        case unverified(hash: String, SecurityRequirement)
        /// The credentials are missing or insufficient.
        case refused(Problem, principal: Principal?)
    }

    /// The principals of configured tokens, with the hashes of their secrets.
    private let configured: [(hash: [UInt8], principal: Principal)]
    /// Whether operations require the schemes in `x-optional-security`.
    private let requiresAgents: Bool

    init(adminToken: String, tokens: [NamedToken], requiresAgents: Bool) {
        let admin = Principal(name: "admin-token-user", scopes: Role.scopes(Role.allCases))
        configured =
            [(Array(TokenSecret.hash(adminToken).utf8), admin)]
            + tokens.map { (Array($0.hash.utf8), Principal(name: $0.name, scopes: Role.scopes($0.roles))) }
        self.requiresAgents = requiresAgents
    }

    /// Checks a request's credentials against the requirements of its operation.
    func examine(_ headers: HTTPHeaders, for route: Route) -> Verdict {
        var alternatives = route.security
        if alternatives.isEmpty, requiresAgents { alternatives = route.optionalSecurity }
        guard !alternatives.isEmpty else { return .known(nil) }
        // The contract never requires several schemes at once. Such an alternative could not be checked here, so it grants no access.
        for requirements in alternatives where requirements.count == 1 {
            guard let requirement = requirements.first, case .apiKey(.header, let name) = requirement.scheme.kind else {
                continue
            }
            let values = headers[name]
            guard values.count == 1, let value = values.first else { continue }
            return examine(TokenSecret.hash(value), for: requirement)
        }
        return .refused(.unauthorized, principal: nil)
    }

    private func examine(_ hash: String, for requirement: SecurityRequirement) -> Verdict {
        guard requirement.scheme.name == "adminToken", let principal = configuredPrincipal(hash) else {
            return .unverified(hash: hash, requirement)
        }
        return Self.allows(principal, requirement)
            ? .known(principal) : .refused(.forbidden(requirement), principal: principal)
    }

    /// Whether an authenticated principal satisfies a requirement. An agent's token is not an admin token, nor the reverse.
    static func allows(_ principal: Principal, _ requirement: SecurityRequirement) -> Bool {
        (requirement.scheme.name == "agentToken") == (principal.subject != nil)
            && principal.scopes.isSuperset(of: requirement.scopes)
    }

    /// Compares with every byte of every token, so that the time reveals nothing.
    func configuredPrincipal(_ hash: String) -> Principal? {
        let presented = Array(hash.utf8)
        var found: Principal?
        for (hash, principal) in configured {
            let difference = zip(hash, presented).reduce(0) { $0 | ($1.0 ^ $1.1) }
            if difference == 0 { found = principal }
        }
        return found
    }
}

extension Problem {
    /// The 403 for an authenticated caller without the required role.
    static func forbidden(_ requirement: SecurityRequirement) -> Problem {
        let roles = requirement.scopes.map { "'\($0)'" }.joined(separator: " and ")
        let detail =
            roles.isEmpty ? "the token is not valid for this operation" : "the operation needs the role \(roles)"
        return Problem(status: 403, code: .forbidden, detail: detail)
    }
}
