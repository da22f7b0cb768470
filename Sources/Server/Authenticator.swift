import ContractRuntime
import Generated
import Handlers
import NIOHTTP1

/// Tells who makes a request, and whether they may.
struct Authenticator: Sendable {
    /// What the header fields of a request say.
    enum Verdict {
        /// Nobody has to be known, or the credentials are those of the server's configuration.
        case known(Principal?)
        /// The database has to say whose secret this is the hash of.
        case unverified(hash: String, SecurityRequirement)
        /// No credentials, or not enough of them.
        case refused(Problem, principal: Principal?)
    }

    /// Whoever is known without the database: the hash of the secret, and whose it is.
    private let configured: [(hash: [UInt8], principal: Principal)]
    /// Whether operations ask for what `x-optional-security` names.
    private let requiresAgents: Bool

    init(adminToken: String, tokens: [NamedToken], requiresAgents: Bool) {
        let admin = Principal(name: "admin-token-user", scopes: Role.scopes(Role.allCases))
        configured =
            [(Array(TokenSecret.hash(adminToken).utf8), admin)]
            + tokens.map { (Array($0.hash.utf8), Principal(name: $0.name, scopes: Role.scopes($0.roles))) }
        self.requiresAgents = requiresAgents
    }

    /// What a request proves of what its operation asks for.
    func examine(_ headers: HTTPHeaders, for route: Route) -> Verdict {
        var alternatives = route.security
        if alternatives.isEmpty, requiresAgents { alternatives = route.optionalSecurity }
        guard !alternatives.isEmpty else { return .known(nil) }
        // The contract asks for one scheme at a time; alternatives of several, which nobody here can check, open nothing.
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

    /// Whether a principal whose secret was right satisfies a requirement: an agent's token is no admin token, nor the other way round.
    static func allows(_ principal: Principal, _ requirement: SecurityRequirement) -> Bool {
        (requirement.scheme.name == "agentToken") == (principal.subject != nil)
            && principal.scopes.isSuperset(of: requirement.scopes)
    }

    /// Compares with every token and every byte of it, so that the time tells nothing.
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
    /// 403 for a caller who is known and may not.
    static func forbidden(_ requirement: SecurityRequirement) -> Problem {
        let roles = requirement.scopes.map { "'\($0)'" }.joined(separator: " and ")
        let detail = roles.isEmpty ? "the token is not for this operation" : "the operation needs the role \(roles)"
        return Problem(status: 403, code: "FORBIDDEN", detail: detail)
    }
}
