// Generated from openapi.yaml. Edit that file, not this one.

public import ContractRuntime

/// — tag Things
public protocol ThingsOperations: Sendable {
    /// Shows a thing.
    ///
    /// — GET /things/{thing_id}, openapi.yaml#/paths/~1things~1{thing_id}/get
    func getThing(_ input: GetThing.Input) async throws(Problem) -> GetThing.Output

    /// — PUT /things/{thing_id}, openapi.yaml#/paths/~1things~1{thing_id}/put
    func replaceThing(_ input: ReplaceThing.Input) async throws(Problem) -> ReplaceThing.Output

    /// — DELETE /things/{thing_id}, openapi.yaml#/paths/~1things~1{thing_id}/delete
    func deleteThing(_ input: DeleteThing.Input) async throws(Problem) -> DeleteThing.Output

    /// — PATCH /things/{thing_id}, openapi.yaml#/paths/~1things~1{thing_id}/patch
    func changeThing(_ input: ChangeThing.Input) async throws(Problem) -> ChangeThing.Output

    /// — GET /things/all, openapi.yaml#/paths/~1things~1all/get
    func listThings(_ input: ListThings.Input) async throws(Problem) -> ListThings.Output

    /// — POST /things/all, openapi.yaml#/paths/~1things~1all/post
    func createThing(_ input: CreateThing.Input) async throws(Problem) -> CreateThing.Output
}

/// All operations of the contract. A missing handler is a missing requirement of this protocol.
public protocol Operations: ThingsOperations {}

/// An operation in the router. The raw value is its `operationId`.
public enum Route: String, CaseIterable, Sendable {
    case getThing
    case replaceThing
    case deleteThing
    case changeThing
    case listThings
    case createThing

    /// The media types of the request body; empty if the operation has no body.
    public var mediaTypes: [String] {
        switch self {
        case .getThing, .deleteThing, .changeThing, .listThings: []
        case .replaceThing, .createThing: ["application/json"]
        }
    }

    /// Whether the operation reads header fields.
    public var readsHeaders: Bool {
        switch self {
        case .getThing: true
        case .replaceThing, .deleteThing, .changeThing, .listThings, .createThing: false
        }
    }

    /// The maximum size of the request body in bytes; nil means the server's limit.
    public var bodyLimit: Int? {
        nil
    }

    /// The security requirements. A caller must satisfy all schemes of one alternative. Empty for an open operation; an empty
    /// alternative allows anonymous callers.
    public var security: [[SecurityRequirement]] {
        switch self {
        case .getThing: [[SecurityRequirement(Self.key)]]
        case .replaceThing, .deleteThing, .changeThing, .listThings, .createThing: []
        }
    }

    /// The security requirements of an open operation if the server is configured to require credentials.
    public var optionalSecurity: [[SecurityRequirement]] {
        []
    }

    private static let key = SecurityScheme("key", .apiKey(.header, name: "X-Key"))
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

    private static let thingsThingIDItem = PathItem(get: .getThing, put: .replaceThing, delete: .deleteThing, patch: .changeThing, parameters: [.segment(1)])
    private static let thingsAllItem = PathItem(get: .listThings, post: .createThing)
}

extension PathItem {
    /// The item at `path`; nil if there is none. Literal segments take precedence over parameters.
    public static func match(_ path: PathSegments, query: String = "") -> PathItem? {
        switch path[0] {
        case "things":
            switch path[1] {
            case "all":
                if path.count == 2 { return thingsAllItem }
            default: break
            }
            if path.hasValue(at: 1) {
                if path.count == 2 { return thingsThingIDItem }
            }
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
        case .getThing:
            { request, validation async throws(Problem) in
                let input = try GetThing.Input(request)
                let output = try await getThing(input)
                return try await validation.answer(output)
            }
        case .replaceThing:
            { request, validation async throws(Problem) in
                let input = try ReplaceThing.Input(request)
                let output = try await replaceThing(input)
                return try await validation.answer(output)
            }
        case .deleteThing:
            { request, validation async throws(Problem) in
                let input = try DeleteThing.Input(request)
                let output = try await deleteThing(input)
                return try await validation.answer(output)
            }
        case .changeThing:
            { request, validation async throws(Problem) in
                let input = try ChangeThing.Input(request)
                let output = try await changeThing(input)
                return try await validation.answer(output)
            }
        case .listThings:
            { request, validation async throws(Problem) in
                let input = try ListThings.Input(request)
                let output = try await listThings(input)
                return try await validation.answer(output)
            }
        case .createThing:
            { request, validation async throws(Problem) in
                let input = try CreateThing.Input(request)
                let output = try await createThing(input)
                return try await validation.answer(output)
            }
        }
    }
}

/// Calls the operations of Case over a transport.
public struct Client<Carrier: Transport>: Sendable {
    /// The transport that sends requests to the server.
    public var transport: Carrier

    /// Creates a client that sends requests over `transport`.
    public init(_ transport: Carrier) {
        self.transport = transport
    }
}

extension Client {
    /// Shows a thing.
    ///
    /// — GET /things/{thing_id}, openapi.yaml#/paths/~1things~1{thing_id}/get
    public func getThing(_ input: GetThing.Input) async throws -> GetThing.Output {
        try await GetThing.send(input, over: transport)
    }

    /// replaceThing
    ///
    /// — PUT /things/{thing_id}, openapi.yaml#/paths/~1things~1{thing_id}/put
    public func replaceThing(_ input: ReplaceThing.Input) async throws -> ReplaceThing.Output {
        try await ReplaceThing.send(input, over: transport)
    }

    /// deleteThing
    ///
    /// — DELETE /things/{thing_id}, openapi.yaml#/paths/~1things~1{thing_id}/delete
    public func deleteThing(_ input: DeleteThing.Input) async throws -> DeleteThing.Output {
        try await DeleteThing.send(input, over: transport)
    }

    /// changeThing
    ///
    /// — PATCH /things/{thing_id}, openapi.yaml#/paths/~1things~1{thing_id}/patch
    public func changeThing(_ input: ChangeThing.Input) async throws -> ChangeThing.Output {
        try await ChangeThing.send(input, over: transport)
    }

    /// listThings
    ///
    /// — GET /things/all, openapi.yaml#/paths/~1things~1all/get
    public func listThings(_ input: ListThings.Input) async throws -> ListThings.Output {
        try await ListThings.send(input, over: transport)
    }

    /// createThing
    ///
    /// — POST /things/all, openapi.yaml#/paths/~1things~1all/post
    public func createThing(_ input: CreateThing.Input) async throws -> CreateThing.Output {
        try await CreateThing.send(input, over: transport)
    }
}
