// Generated from openapi.yaml. Edit that file, not this one.

public import ContractRuntime

/// — tag Things
public protocol ThingsOperations: Sendable {
    /// — GET /events, openapi.yaml#/paths/~1events/get
    func watch(_ input: Watch.Input) async throws(Problem) -> Watch.Output
}

/// Every operation of the contract. An operation without a handler is a missing requirement of this protocol.
public protocol Operations: ThingsOperations {}

/// An operation, as the router finds it. The raw value is its `operationId`.
public enum Route: String, CaseIterable, Sendable {
    case watch

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

    private static let eventsItem = PathItem(get: .watch)
}

extension PathItem {
    /// What stands at `path`; nil when nothing does. A literal segment is preferred to a parameter.
    public static func match(_ path: PathSegments, query: String = "") -> PathItem? {
        switch path[0] {
        case "events":
            if path.count == 1 { return eventsItem }
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
        case .watch:
            { request, validation async throws(Problem) in
                try await Watch.respond(to: request, validating: validation, with: watch)
            }
        }
    }
}

/// Calls the operations of Limits that the types and the reader keep by themselves over a transport.
public struct Client<Carrier: Transport>: Sendable {
    /// What carries requests to the service.
    public var transport: Carrier

    /// A client over `transport`.
    public init(_ transport: Carrier) {
        self.transport = transport
    }
}

extension Client {
    /// watch
    ///
    /// — GET /events, openapi.yaml#/paths/~1events/get
    public func watch(_ input: Watch.Input) async throws -> Watch.Output {
        try await Watch.send(input, over: transport)
    }
}
