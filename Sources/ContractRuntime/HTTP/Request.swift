/// A request for an operation, after parsing, routing and authentication.
public struct Request: Sendable {
    /// The percent-encoded texts of the path parameters, in the order of the template.
    public var pathParameters: [String]
    /// The raw query without `?`.
    public var query: String
    /// The header fields.
    public var headers: HeaderFields
    /// The body; empty if there is none.
    public var body: [UInt8]
    /// The caller; nil if the operation needs no credentials.
    public var principal: Principal?

    /// Creates a request.
    public init(
        pathParameters: [String] = [],
        query: String = "",
        headers: HeaderFields = [:],
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
    /// Dispatch without a caller throws 401 here, so that an error in a server cannot open a secured operation.
    public func requirePrincipal() throws(Problem) -> Principal {
        guard let principal else { throw .unauthorized }
        return principal
    }
}

extension Problem {
    /// 401 for missing or invalid credentials.
    public static let unauthorized = Problem(status: 401, code: "UNAUTHORIZED", detail: "Unauthorized")

    /// 415 for a body with an unsupported media type.
    public static func unsupportedMediaType(_ mediaTypes: [String]) -> Problem {
        let expected = mediaTypes.joined(separator: " or ")
        return Problem(status: 415, code: "UNSUPPORTED_MEDIA_TYPE", detail: "the body must be \(expected)")
    }
}

/// The authenticated caller of a request.
public struct Principal: Hashable, Sendable {
    /// The name in audit entries.
    public var name: String
    /// The permissions: scopes of security requirements.
    // traps: scopes are names of the contract, and a caller has those that the server gave.
    public var scopes: Set<String>
    /// The id of the instance that an agent token is bound to; nil for other principals.
    public var subject: String?
    /// Whose credential it is. The successor of a rotated credential has the same identity. Nil if the server knows none.
    public var identity: UUID?

    /// Creates a principal.
    // traps: scopes are names of the contract, and a caller has those that the server gave.
    public init(name: String, scopes: Set<String> = [], subject: String? = nil, identity: UUID? = nil) {
        self.name = name
        self.scopes = scopes
        self.subject = subject
        self.identity = identity
    }

    /// The anonymous caller: a client's placeholder for the principal, which the server sets.
    public static let anonymous = Principal(name: "anonymous")
}

/// How a caller authenticates (OpenAPI 3.1, "Security Scheme Object").
public struct SecurityScheme: Hashable, Sendable {
    /// The kind of credentials.
    public enum Kind: Hashable, Sendable {
        /// The location of an API key.
        public enum Place: Sendable {
            case query, header, cookie
        }

        /// A secret in a named field.
        case apiKey(Place, name: String)
        /// `Authorization` with this scheme of the IANA registry, in lower case.
        case http(scheme: String)
        case oauth2
        case openIDConnect(url: String)
        case mutualTLS
    }

    /// The name of the scheme in the contract.
    public let name: String
    /// The kind of credentials.
    public let kind: Kind

    /// Creates a scheme.
    public init(_ name: String, _ kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

/// One scheme that a request must satisfy (OpenAPI 3.1, "Security Requirement Object").
public struct SecurityRequirement: Hashable, Sendable {
    /// The security scheme.
    public let scheme: SecurityScheme
    /// The scopes, or roles, that the caller must have.
    public let scopes: [String]

    /// Creates a requirement of `scheme` with these scopes.
    public init(_ scheme: SecurityScheme, scopes: [String] = []) {
        self.scheme = scheme
        self.scopes = scopes
    }
}
