// Generated from openapi.yaml. Edit that file, not this one.

public import ContractRuntime

/// Shows a thing.
///
/// — GET /things/{thing_id}, openapi.yaml#/paths/~1things~1{thing_id}/get
public enum GetThing: ContractOperation {
    /// The parameters and the body of a request.
    public struct Input: RoutedInput {
        /// The operation of this input.
        public static var route: Route { .getThing }

        /// The parameter `thing_id`.
        public var thingID: UUID
        /// The parameter `deep`.
        public var deep: Bool
        /// The parameter `X-Trace`.
        public var xTrace: String
        /// The caller. The server sets it from the credentials; clients omit it.
        public var principal: Principal

        /// Creates an input.
        public init(thingID: UUID, deep: Bool = false, xTrace: String, principal: Principal = .anonymous) {
            self.thingID = thingID
            self.deep = deep
            self.xTrace = xTrace
            self.principal = principal
        }
    }

    /// The response. Problems are thrown as `Problem` instead.
    public enum Output: OperationOutput {
        /// 200: The thing.
        case ok(Thing)
    }
}

extension GetThing.Input {
    private static let xTracePattern = Pattern(checked: #"^[a-f]*$"#)

    /// Reads and validates a request. The thrown problem lists all violations.
    public init(_ request: Request) throws(Problem) {
        let principal = try request.requirePrincipal()
        var parameters = ParameterReader(request)
        let thingID = parameters.read(.path("thing_id", index: 0, isRequired: true), as: UUID.self)
        let deep = parameters.read(.query("deep", shape: .literal), as: Bool.self) ?? false
        let xTrace = parameters.read(.header("X-Trace", isRequired: true)) { (json) throws(JSONSyntaxError) -> String? in
            try json.string(maxLength: 10, pattern: Self.xTracePattern)
        }
        guard let thingID, let xTrace, parameters.isValid else { throw parameters.problem }
        self.init(thingID: thingID, deep: deep, xTrace: xTrace, principal: principal)
    }

    /// The HTTP request that a client sends.
    public var request: ClientRequest {
        var request = ClientRequest("GET", "/things/{thing_id}")
        request.add(.path("thing_id", index: 0, isRequired: true), thingID)
        request.add(.query("deep", shape: .literal), deep)
        request.add(.header("X-Trace", isRequired: true), xTrace)
        return request
    }
}

extension GetThing.Output {
    /// The body of the response.
    public var body: Thing {
        switch self {
        case .ok(let body): return body
        }
    }

    /// The HTTP response that the server sends.
    public var response: Response {
        switch self {
        case .ok(let body): return Response(status: 200, .json(body, mediaType: "application/json"))
        }
    }

    /// Reads and validates a response. An undeclared response is thrown, as a `Problem` if it is one.
    public init(_ response: ClientResponse) async throws {
        switch response.status {
        case 200:
            let body = try await response.json(as: Thing.self)
            self = .ok(body)
        default: throw try await response.unexpected()
        }
    }
}

/// — PUT /things/{thing_id}, openapi.yaml#/paths/~1things~1{thing_id}/put
public enum ReplaceThing: ContractOperation {
    /// The parameters and the body of a request.
    public struct Input: RoutedInput {
        /// The operation of this input.
        public static var route: Route { .replaceThing }

        /// The parameter `thing_id`.
        public var thingID: UUID
        /// The request body.
        public var body: Thing

        /// Creates an input.
        public init(thingID: UUID, body: Thing) {
            self.thingID = thingID
            self.body = body
        }
    }

    /// The response. Problems are thrown as `Problem` instead.
    public enum Output: OperationOutput {
        /// 200: The thing was replaced.
        case ok(Thing, headers: ReplaceThing.OKHeaders)
        /// 201: The thing was created.
        case created(Thing)
        /// 3XX: The thing is elsewhere.
        case redirection(status: Int, Thing)
    }

    /// The headers of `ok`.
    public struct OKHeaders: Sendable {
        /// The header `X-Version`.
        public var xVersion: Int

        /// Creates the headers.
        public init(xVersion: Int) {
            self.xVersion = xVersion
        }
    }
}

extension ReplaceThing.Input {
    /// Reads and validates a request. The thrown problem lists all violations.
    public init(_ request: Request) throws(Problem) {
        var parameters = ParameterReader(request)
        let thingID = parameters.read(.path("thing_id", index: 0, isRequired: true), as: UUID.self)
        let body = parameters.json(as: Thing.self)
        guard let thingID, let body, parameters.isValid else { throw parameters.problem }
        self.init(thingID: thingID, body: body)
    }

    /// The HTTP request that a client sends.
    public var request: ClientRequest {
        var request = ClientRequest("PUT", "/things/{thing_id}")
        request.add(.path("thing_id", index: 0, isRequired: true), thingID)
        request.body = .json(body, mediaType: "application/json")
        return request
    }
}

extension ReplaceThing.Output {
    /// The body of the response.
    public var body: Thing {
        switch self {
        case .ok(let body, _), .created(let body), .redirection(_, let body): return body
        }
    }

    /// The HTTP response that the server sends.
    public var response: Response {
        switch self {
        case .ok(let body, let headers):
            var response = Response(status: 200, .json(body, mediaType: "application/json"))
            response.add(.header("X-Version", shape: .literal, isRequired: true), headers.xVersion)
            return response
        case .created(let body): return Response(status: 201, .json(body, mediaType: "application/json"))
        case .redirection(let status, let body): return Response(status: status, .json(body, mediaType: "application/json"))
        }
    }

    /// Reads and validates a response. An undeclared response is thrown, as a `Problem` if it is one.
    public init(_ response: ClientResponse) async throws {
        switch response.status {
        case 200:
            let body = try await response.json(as: Thing.self)
            let headers = try ReplaceThing.OKHeaders(xVersion: response.required(response.header(.header("X-Version", shape: .literal, isRequired: true), as: Int.self), "X-Version"))
            self = .ok(body, headers: headers)
        case 201:
            let body = try await response.json(as: Thing.self)
            self = .created(body)
        case 300...399:
            let body = try await response.json(as: Thing.self)
            self = .redirection(status: response.status, body)
        default: throw try await response.unexpected()
        }
    }
}

/// — DELETE /things/{thing_id}, openapi.yaml#/paths/~1things~1{thing_id}/delete
public enum DeleteThing: ContractOperation {
    /// The parameters and the body of a request.
    public struct Input: RoutedInput {
        /// The operation of this input.
        public static var route: Route { .deleteThing }

        /// The parameter `thing_id`.
        public var thingID: UUID

        /// Creates an input.
        public init(thingID: UUID) {
            self.thingID = thingID
        }
    }

    /// The response. Problems are thrown as `Problem` instead.
    public enum Output: OperationOutput {
        /// 204: Deleted.
        case noContent
    }
}

extension DeleteThing.Input {
    /// Reads and validates a request. The thrown problem lists all violations.
    public init(_ request: Request) throws(Problem) {
        var parameters = ParameterReader(request)
        let thingID = parameters.read(.path("thing_id", index: 0, isRequired: true), as: UUID.self)
        guard let thingID, parameters.isValid else { throw parameters.problem }
        self.init(thingID: thingID)
    }

    /// The HTTP request that a client sends.
    public var request: ClientRequest {
        var request = ClientRequest("DELETE", "/things/{thing_id}")
        request.add(.path("thing_id", index: 0, isRequired: true), thingID)
        return request
    }
}

extension DeleteThing.Output {
    /// The HTTP response that the server sends.
    public var response: Response {
        switch self {
        case .noContent: return Response(status: 204)
        }
    }

    /// Reads and validates a response. An undeclared response is thrown, as a `Problem` if it is one.
    public init(_ response: ClientResponse) async throws {
        switch response.status {
        case 204:
            self = .noContent
        default: throw try await response.unexpected()
        }
    }
}

/// — PATCH /things/{thing_id}, openapi.yaml#/paths/~1things~1{thing_id}/patch
public enum ChangeThing: ContractOperation {
    /// The parameters and the body of a request.
    public struct Input: RoutedInput {
        /// The operation of this input.
        public static var route: Route { .changeThing }

        /// The parameter `thing_id`.
        public var thingID: UUID

        /// Creates an input.
        public init(thingID: UUID) {
            self.thingID = thingID
        }
    }

    /// The response. Problems are thrown as `Problem` instead.
    public enum Output: OperationOutput {
        /// 200: The thing was changed.
        case ok(Thing)
        /// 204: Nothing has changed.
        case noContent
    }
}

extension ChangeThing.Input {
    /// Reads and validates a request. The thrown problem lists all violations.
    public init(_ request: Request) throws(Problem) {
        var parameters = ParameterReader(request)
        let thingID = parameters.read(.path("thing_id", index: 0, isRequired: true), as: UUID.self)
        guard let thingID, parameters.isValid else { throw parameters.problem }
        self.init(thingID: thingID)
    }

    /// The HTTP request that a client sends.
    public var request: ClientRequest {
        var request = ClientRequest("PATCH", "/things/{thing_id}")
        request.add(.path("thing_id", index: 0, isRequired: true), thingID)
        return request
    }
}

extension ChangeThing.Output {
    /// The HTTP response that the server sends.
    public var response: Response {
        switch self {
        case .ok(let body): return Response(status: 200, .json(body, mediaType: "application/json"))
        case .noContent: return Response(status: 204)
        }
    }

    /// Reads and validates a response. An undeclared response is thrown, as a `Problem` if it is one.
    public init(_ response: ClientResponse) async throws {
        switch response.status {
        case 200:
            let body = try await response.json(as: Thing.self)
            self = .ok(body)
        case 204:
            self = .noContent
        default: throw try await response.unexpected()
        }
    }
}

/// — GET /things/all, openapi.yaml#/paths/~1things~1all/get
public enum ListThings: ContractOperation {
    /// The parameters and the body of a request.
    public struct Input: RoutedInput {
        /// The operation of this input.
        public static var route: Route { .listThings }

        /// Creates an input.
        public init() {}
    }

    /// The response. Problems are thrown as `Problem` instead.
    public enum Output: OperationOutput {
        /// 200: All.
        case ok([Thing])
    }
}

extension ListThings.Input {
    /// Reads and validates a request. The thrown problem lists all violations.
    public init(_ request: Request) throws(Problem) {
        self.init()
    }

    /// The HTTP request that a client sends.
    public var request: ClientRequest {
        ClientRequest("GET", "/things/all")
    }
}

extension ListThings.Output {
    /// The body of the response.
    public var body: [Thing] {
        switch self {
        case .ok(let body): return body
        }
    }

    /// The HTTP response that the server sends.
    public var response: Response {
        switch self {
        case .ok(let body): return Response(status: 200, .json(body, mediaType: "application/json"))
        }
    }

    /// Reads and validates a response. An undeclared response is thrown, as a `Problem` if it is one.
    public init(_ response: ClientResponse) async throws {
        switch response.status {
        case 200:
            let body = try await response.json(as: [Thing].self)
            self = .ok(body)
        default: throw try await response.unexpected()
        }
    }
}

/// — POST /things/all, openapi.yaml#/paths/~1things~1all/post
public enum CreateThing: ContractOperation {
    /// The parameters and the body of a request.
    public struct Input: RoutedInput {
        /// The operation of this input.
        public static var route: Route { .createThing }

        /// The request body.
        public var body: Thing

        /// Creates an input.
        public init(body: Thing) {
            self.body = body
        }
    }

    /// The response. Problems are thrown as `Problem` instead.
    public enum Output: OperationOutput {
        /// 201: Created.
        case created(String)
    }
}

extension CreateThing.Input {
    /// Reads and validates a request. The thrown problem lists all violations.
    public init(_ request: Request) throws(Problem) {
        var parameters = ParameterReader(request)
        let body = parameters.json(as: Thing.self)
        guard let body, parameters.isValid else { throw parameters.problem }
        self.init(body: body)
    }

    /// The HTTP request that a client sends.
    public var request: ClientRequest {
        var request = ClientRequest("POST", "/things/all")
        request.body = .json(body, mediaType: "application/json")
        return request
    }
}

extension CreateThing.Output {
    /// The body of the response.
    public var body: String {
        switch self {
        case .created(let body): return body
        }
    }

    /// The HTTP response that the server sends.
    public var response: Response {
        switch self {
        case .created(let body): return Response(status: 201, .text(body, mediaType: "text/plain"))
        }
    }

    /// Reads and validates a response. An undeclared response is thrown, as a `Problem` if it is one.
    public init(_ response: ClientResponse) async throws {
        switch response.status {
        case 201:
            let body = try await response.text(as: String.self)
            self = .created(body)
        default: throw try await response.unexpected()
        }
    }
}
