/// A request on its way to an operation: what is left once bytes are split, the route is found and the caller is known.
public struct Request: Sendable {
    /// The raw texts of the path's parameters, percent-encoded, in the order of the template.
    public var pathParameters: [String]
    /// The raw query without its `?`.
    public var query: String
    /// The fields in the order they came; their names compare without case.
    public var headers: [(name: String, value: String)]
    /// The body; empty when there is none.
    public var body: [UInt8]
    /// Who calls; nil for an operation that needs no credentials.
    public var principal: Principal?

    /// A request made of these parts.
    public init(
        pathParameters: [String] = [],
        query: String = "",
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        principal: Principal? = nil
    ) {
        self.pathParameters = pathParameters
        self.query = query
        self.headers = headers
        self.body = body
        self.principal = principal
    }

    /// The caller of an operation that has a security requirement.
    ///
    /// Dispatch without one is refused here again, so that no mistake in a server can open a secured operation.
    public func requirePrincipal() throws(Problem) -> Principal {
        guard let principal else { throw .unauthorized }
        return principal
    }
}

extension Problem {
    /// 401 for missing or wrong credentials.
    public static let unauthorized = Problem(status: 401, code: "UNAUTHORIZED", detail: "Unauthorized")

    /// 415 for a body of another media type than the operation reads.
    public static func unsupportedMediaType(_ mediaTypes: [String]) -> Problem {
        let expected = mediaTypes.joined(separator: " or ")
        return Problem(status: 415, code: "UNSUPPORTED_MEDIA_TYPE", detail: "the body must be \(expected)")
    }
}

/// Who makes a request, once its credentials were checked.
public struct Principal: Hashable, Sendable {
    /// The name that audit rows carry.
    public var name: String
    /// What it may do: the scopes of security requirements.
    // traps: scopes are names of the contract, and a caller has those that the server gave.
    public var scopes: Set<String>
    /// The thing that it speaks for, and for no other; nil for one that is bound to none.
    public var subject: String?

    /// A principal of these parts.
    // traps: scopes are names of the contract, and a caller has those that the server gave.
    public init(name: String, scopes: Set<String> = [], subject: String? = nil) {
        self.name = name
        self.scopes = scopes
        self.subject = subject
    }

    /// Nobody known: what a client writes where the server fills in who calls.
    public static let anonymous = Principal(name: "anonymous")
}

/// How a caller proves who it is (OpenAPI 3.1, "Security Scheme Object").
public struct SecurityScheme: Hashable, Sendable {
    /// What the caller sends.
    public enum Kind: Hashable, Sendable {
        /// Where an API key stands.
        public enum Place: Sendable {
            case query, header, cookie
        }

        /// A secret under a name.
        case apiKey(Place, name: String)
        /// `Authorization` with this scheme of the IANA registry, in small letters.
        case http(scheme: String)
        case oauth2
        case openIDConnect(url: String)
        case mutualTLS
    }

    /// The name that the contract gives the scheme.
    public let name: String
    /// What the caller sends.
    public let kind: Kind

    /// A scheme of this name and kind.
    public init(_ name: String, _ kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

/// One scheme that a request must satisfy (OpenAPI 3.1, "Security Requirement Object").
public struct SecurityRequirement: Hashable, Sendable {
    /// The scheme.
    public let scheme: SecurityScheme
    /// The scopes, or roles, that the caller needs.
    public let scopes: [String]

    /// `scheme` with these scopes.
    public init(_ scheme: SecurityScheme, scopes: [String] = []) {
        self.scheme = scheme
        self.scopes = scopes
    }
}
