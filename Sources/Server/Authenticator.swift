import ContractRuntime
import Generated
import Handlers
import NIOHTTP1

/// Identifies the callers of requests. `Authorization` decides what they may do.
struct Authenticator: Sendable {
    /// The result of checking a request's header fields.
    enum Verdict {
        /// The operation is public, or the credentials are configured ones.
        case known(Principal?)
        /// The token's hash must be looked up in the database.
        case unverified(hash: String, SecurityScheme)
        /// The credentials are missing or insufficient.
        case rejected(Problem, principal: Principal?)
    }

    let authorization: Authorization
    /// The principals of configured tokens, with the hashes of their secrets.
    private let configured: [(hash: [UInt8], principal: Principal)]

    /// The names of the principals of configured tokens.
    static func principals(of tokens: [NamedToken]) -> [String] {
        [Actor.admin] + tokens.map(\.name)
    }

    init(adminToken: String, tokens: [NamedToken], authorization: Authorization) {
        let admin = Principal(name: Actor.admin, scopes: Role.scopes(Role.allCases))
        configured =
            [(Array(TokenSecret.hash(adminToken).utf8), admin)]
            + tokens.map { (Array($0.hash.utf8), Principal(name: $0.name, scopes: Role.scopes($0.roles))) }
        self.authorization = authorization
    }

    /// Checks a request's credentials, as far as that needs no database.
    func examine(_ headers: HTTPHeaders, for route: Route) -> Verdict {
        let alternatives = authorization.requirements(of: route)
        // A public operation, or one for agents that need no credentials. An agent that sends a token all the same proves its identity.
        let isOptional = alternatives.isEmpty
        for requirements in isOptional ? route.optionalSecurity : alternatives where requirements.count == 1 {
            guard let scheme = requirements.first?.scheme, case .apiKey(.header, let name) = scheme.kind else {
                continue
            }
            let values = headers[name]
            if isOptional, values.count > 1 { return .rejected(.unauthorized, principal: nil) }
            guard values.count == 1, let value = values.first else { continue }
            return examine(TokenSecret.hash(value), of: scheme, for: route)
        }
        return isOptional ? .known(nil) : .rejected(.unauthorized, principal: nil)
    }

    private func examine(_ hash: String, of scheme: SecurityScheme, for route: Route) -> Verdict {
        guard scheme.name.hasSameScalars(as: Authorization.adminScheme), let principal = configuredPrincipal(hash)
        else {
            return .unverified(hash: hash, scheme)
        }
        do throws(Problem) {
            try authorization.check(.token(principal, scheme), on: route)
            return .known(principal)
        } catch {
            return .rejected(error, principal: principal)
        }
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
