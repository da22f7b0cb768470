// Generated from openapi.yaml. Edit that file, not this one.

public import ContractRuntime

/// — tag Other
public protocol OtherOperations: Sendable {
    /// — GET /things, openapi.yaml#/paths/~1things/get
    func getThings(_ input: GetThings.Input) async throws(Problem) -> GetThings.Output
}

/// Every operation of the contract. An operation without a handler is a missing requirement of this protocol.
public protocol Operations: OtherOperations {}

/// An operation, as the router finds it. The raw value is its `operationId`.
public enum Route: String, CaseIterable, Sendable {
    case getThings

    /// The media types of the bodies that the operation reads; empty for one that reads none.
    public var mediaTypes: [String] {
        []
    }

    /// Whether the operation looks at header fields.
    public var readsHeaders: Bool {
        false
    }

    /// The largest body that the operation reads, in bytes; nil for the server's own limit.
    public var bodyLimit: Int? {
        nil
    }

    /// What a caller must prove: one of the alternatives, all of it. Empty for an open operation; an empty alternative lets
    /// callers stay unknown.
    public var security: [[SecurityRequirement]] {
        []
    }

    /// What an open operation asks for where the server is configured to.
    public var optionalSecurity: [[SecurityRequirement]] {
        []
    }
}

/// What stands at one path: the operation of each method.
public struct PathItem: Sendable {
    /// The operation of GET.
    public var get: Route?
    /// The operation of PUT.
    public var put: Route?
    /// The operation of POST.
    public var post: Route?
    /// The operation of DELETE.
    public var delete: Route?
    /// The operation of PATCH.
    public var patch: Route?
    /// The operation of HEAD.
    public var head: Route?
    /// The operation of OPTIONS.
    public var options: Route?
    /// The operation of TRACE.
    public var trace: Route?
    /// The operations of methods that are none of those.
    public var others: [String: Route] = [:]
    /// Where the path's parameters stand, in the order of the template.
    public var parameters: [PathParameter] = []

    private static let thingsItem = PathItem(get: .getThings)
}

extension PathItem {
    /// What stands at `path`; nil when nothing does. A literal segment is preferred to a parameter.
    public static func match(_ path: PathSegments, query: String = "") -> PathItem? {
        switch path[0] {
        case "things":
            if path.count == 1 { return thingsItem }
        default: break
        }
        return nil
    }
}

extension Operations {
    /// Reads the request, runs the operation and encodes what it answers.
    public func respond(
        to request: Request,
        on route: Route,
        validating validation: ResponseValidation = .off
    ) async throws(Problem) -> Response {
        try await answer(route)(request, validation)
    }

    /// What answers the requests of a route. It is chosen first and awaited once, so that a request that waits holds the space of
    /// one operation, and not of all.
    private func answer(_ route: Route) -> (Request, ResponseValidation) async throws(Problem) -> Response {
        switch route {
        case .getThings:
            { request, validation async throws(Problem) in
                try await GetThings.respond(to: request, validating: validation, with: getThings)
            }
        }
    }
}

/// Calls the operations of Old over a transport.
public struct Client<Carrier: Transport>: Sendable {
    /// What carries requests to the service.
    public var transport: Carrier

    /// A client over `transport`.
    public init(_ transport: Carrier) {
        self.transport = transport
    }
}

extension Client {
    /// getThings
    ///
    /// — GET /things, openapi.yaml#/paths/~1things/get
    public func getThings(_ input: GetThings.Input) async throws -> GetThings.Output {
        try await GetThings.send(input, over: transport)
    }
}
