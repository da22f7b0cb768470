// Generated from openapi.yaml. Edit that file, not this one.

public import ContractRuntime

/// — tag Things
public protocol ThingsOperations: Sendable {
    /// Shows a thing.
    ///
    /// — GET /things/{thing_id}, openapi.yaml#/paths/~1things~1{thing_id}/get
    func getThing(_ input: GetThing.Input) async throws(Problem) -> GetThing.Output

    /// — DELETE /things/{thing_id}, openapi.yaml#/paths/~1things~1{thing_id}/delete
    func deleteThing(_ input: DeleteThing.Input) async throws(Problem) -> DeleteThing.Output

    /// — GET /things/all, openapi.yaml#/paths/~1things~1all/get
    func listThings(_ input: ListThings.Input) async throws(Problem) -> ListThings.Output

    /// — POST /things/all, openapi.yaml#/paths/~1things~1all/post
    func createThing(_ input: CreateThing.Input) async throws(Problem) -> CreateThing.Output
}

/// Every operation of the contract. An operation without a handler is a missing requirement of this protocol.
public protocol Operations: ThingsOperations {}

/// An operation, as the router finds it. The raw value is its `operationId`.
public enum Route: String, CaseIterable, Sendable {
    case getThing
    case deleteThing
    case listThings
    case createThing

    /// Whether the operation reads a body.
    public var hasBody: Bool {
        switch self {
        case .createThing: true
        case .getThing, .deleteThing, .listThings: false
        }
    }

    /// Whether the operation has parameters in header fields.
    public var readsHeaders: Bool {
        switch self {
        case .getThing: true
        case .deleteThing, .listThings, .createThing: false
        }
    }

    /// What a caller must prove, all of it; empty for an open operation.
    public var security: [SecurityRequirement] {
        switch self {
        case .getThing: [Self.key]
        case .deleteThing, .listThings, .createThing: []
        }
    }

    private static let key = SecurityRequirement.headerKey(scheme: "key", header: "X-Key")
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
    /// Which segments of the path are parameters.
    public var parameters: [Int] = []

    /// What stands at `path`; nil when nothing does. A literal segment is preferred to a parameter.
    public static func match(_ path: PathSegments) -> PathItem? {
        switch path[0] {
        case "things":
            switch path[1] {
            case "all":
                if path.count == 2 { return PathItem(get: .listThings, post: .createThing) }
            default: break
            }
            if path.hasValue(at: 1) {
                if path.count == 2 { return PathItem(get: .getThing, delete: .deleteThing, parameters: [1]) }
            }
        default: break
        }
        return nil
    }
}

extension Operations {
    /// Reads the request, runs the operation and encodes what it answers.
    public func respond(to request: Request, on route: Route) async throws(Problem) -> Response {
        switch route {
        case .getThing: try await getThing(GetThing.Input(request)).response
        case .deleteThing: try await deleteThing(DeleteThing.Input(request)).response
        case .listThings: try await listThings(ListThings.Input(request)).response
        case .createThing: try await createThing(CreateThing.Input(request)).response
        }
    }
}
