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
}

/// Who makes a request, once its credentials were checked.
public struct Principal: Hashable, Sendable {
    /// The name that audit rows carry.
    public var name: String

    /// The principal of this name.
    public init(name: String) {
        self.name = name
    }
}

/// One security scheme that a request must satisfy (OpenAPI 3.1, "Security Scheme Object").
public enum SecurityRequirement: Hashable, Sendable {
    /// A secret in the header field of this name.
    case headerKey(scheme: String, header: String)
}
