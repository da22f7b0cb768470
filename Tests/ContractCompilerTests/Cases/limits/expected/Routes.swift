// Generated from openapi.yaml. Edit that file, not this one.

public import ContractRuntime

/// — tag Things
public protocol ThingsOperations: Sendable {
    /// — GET /events, openapi.yaml#/paths/~1events/get
    func watch(_ input: Watch.Input) async throws(Problem) -> Watch.Output
}

/// All operations of the contract. A missing handler is a missing requirement of this protocol.
public protocol Operations: ThingsOperations {}

/// An operation in the router. The raw value is its `operationId`.
public enum Route: String, CaseIterable, Sendable {
    case watch

    /// The media types of the request body; empty if the operation has no body.
    public var mediaTypes: [String] {
        []
    }

    /// Whether the operation reads header fields.
    public var readsHeaders: Bool {
        false
    }

    /// The maximum size of the request body in bytes; nil means the server's limit.
    public var bodyLimit: Int? {
        nil
    }

    /// The security requirements. A caller must satisfy all schemes of one alternative. Empty for an open operation; an empty
    /// alternative allows anonymous callers.
    public var security: [[SecurityRequirement]] {
        []
    }

    /// The security requirements of an open operation if the server is configured to require credentials.
    public var optionalSecurity: [[SecurityRequirement]] {
        []
    }
}

/// The input of one of these operations.
public protocol RoutedInput: OperationInput {
    /// The operation of the input.
    static var route: Route { get }
}

/// The operations of one path, by method.
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
    /// The operations of all other methods.
    public var others: [String: Route] = [:]
    /// The positions of the path parameters, in the order of the template.
    public var parameters: [PathParameter] = []

    private static let eventsItem = PathItem(get: .watch)
}

extension PathItem {
    /// The item at `path`; nil if there is none. Literal segments take precedence over parameters.
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
    /// Reads the request, runs the operation and encodes its response.
    public func respond(
        to request: Request,
        on route: Route,
        validating validation: ResponseValidation = .off
    ) async throws(Problem) -> Response {
        try await answer(route)(request, validation)
    }

    /// The function that handles a route. It is chosen first and awaited once, so that a waiting request needs the memory of one
    /// operation, not of all.
    private func answer(_ route: Route) -> (Request, ResponseValidation) async throws(Problem) -> Response {
        switch route {
        case .watch:
            { request, validation async throws(Problem) in
                let input = try Watch.Input(request)
                let output = try await watch(input)
                return try await validation.answer(output)
            }
        }
    }
}

/// Calls the operations of Limits that the types and the reader enforce over a transport.
public struct Client<Carrier: Transport>: Sendable {
    /// The transport that sends requests to the server.
    public var transport: Carrier

    /// Creates a client that sends requests over `transport`.
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
