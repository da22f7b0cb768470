// Generated from openapi.yaml. Edit that file, not this one.

public import ContractRuntime



/// Every operation of the contract. An operation without a handler is a missing requirement of this protocol.
public protocol Operations:  {}

/// An operation, as the router finds it. The raw value is its `operationId`.
public enum Route: String, CaseIterable, Sendable {
    

    /// Whether the operation reads a body.
    public var hasBody: Bool {
        switch self {
        
        }
    }

    /// Whether the operation has parameters in header fields.
    public var readsHeaders: Bool {
        switch self {
        
        }
    }

    /// What a caller must prove, all of it; empty for an open operation.
    public var security: [SecurityRequirement] {
        switch self {
        
        }
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
    /// Which segments of the path are parameters.
    public var parameters: [Int] = []

    /// What stands at `path`; nil when nothing does. A literal segment is preferred to a parameter.
    public static func match(_ path: PathSegments) -> PathItem? {
        
        return nil
    }
}

extension Operations {
    /// Reads the request, runs the operation and encodes what it answers.
    public func respond(to request: Request, on route: Route) async throws(Problem) -> Response {
        switch route {
        
        }
    }
}
