// Generated from openapi.yaml. Edit that file, not this one.

public import ContractRuntime

/// Shows a thing.
///
/// — GET /things/{thing_id}, openapi.yaml#/paths/~1things~1{thing_id}/get
public enum GetThing {
    /// What a caller sends, validated.
    public struct Input: Sendable {
        /// The parameter `thing_id`.
        public var thingID: UUID
        /// The parameter `deep`.
        public var deep: Bool
        /// The parameter `X-Trace`.
        public var xTrace: String
        /// Who calls.
        public var principal: Principal

        /// An input of these parts.
        public init(thingID: UUID, deep: Bool = false, xTrace: String, principal: Principal) {
            self.thingID = thingID
            self.deep = deep
            self.xTrace = xTrace
            self.principal = principal
        }
    }

    /// What is answered. A refusal is thrown as a `Problem` instead.
    public enum Output: Sendable {
        /// 200: The thing.
        case ok(Thing)
    }
}

extension GetThing.Input {
    private static let xTracePattern = Pattern(checked: #"^[a-f]*$"#)

    /// Reads and validates a request; everything that is wrong with it is in one problem.
    public init(_ request: Request) throws(Problem) {
        let principal = try request.requirePrincipal()
        var parameters = ParameterReader(request)
        let thingID = parameters.uuid(.path(0), "thing_id", isRequired: true)
        let deep = parameters.boolean(.query, "deep") ?? false
        let xTrace = parameters.string(.header, "X-Trace", isRequired: true, maxLength: 10, pattern: Self.xTracePattern)
        guard let thingID, let xTrace, parameters.isValid else { throw parameters.problem }
        self.init(thingID: thingID, deep: deep, xTrace: xTrace, principal: principal)
    }
}

extension GetThing.Output {
    /// The answer on the wire.
    public var response: Response {
        switch self {
        case .ok(let body): Response(status: 200, json: body)
        }
    }
}

/// — DELETE /things/{thing_id}, openapi.yaml#/paths/~1things~1{thing_id}/delete
public enum DeleteThing {
    /// What a caller sends, validated.
    public struct Input: Sendable {
        /// The parameter `thing_id`.
        public var thingID: UUID

        /// An input of these parts.
        public init(thingID: UUID) {
            self.thingID = thingID
        }
    }

    /// What is answered. A refusal is thrown as a `Problem` instead.
    public enum Output: Sendable {
        /// 204: Gone.
        case noContent
    }
}

extension DeleteThing.Input {
    /// Reads and validates a request; everything that is wrong with it is in one problem.
    public init(_ request: Request) throws(Problem) {
        var parameters = ParameterReader(request)
        let thingID = parameters.uuid(.path(0), "thing_id", isRequired: true)
        guard let thingID, parameters.isValid else { throw parameters.problem }
        self.init(thingID: thingID)
    }
}

extension DeleteThing.Output {
    /// The answer on the wire.
    public var response: Response {
        switch self {
        case .noContent: Response(status: 204)
        }
    }
}

/// — GET /things/all, openapi.yaml#/paths/~1things~1all/get
public enum ListThings {
    /// What a caller sends, validated.
    public struct Input: Sendable {
        /// An input of these parts.
        public init() {}
    }

    /// What is answered. A refusal is thrown as a `Problem` instead.
    public enum Output: Sendable {
        /// 200: All.
        case ok([Thing])
    }
}

extension ListThings.Input {
    /// Reads and validates a request; everything that is wrong with it is in one problem.
    public init(_ request: Request) throws(Problem) {
        self.init()
    }
}

extension ListThings.Output {
    /// The answer on the wire.
    public var response: Response {
        switch self {
        case .ok(let body): Response(status: 200, json: body)
        }
    }
}

/// — POST /things/all, openapi.yaml#/paths/~1things~1all/post
public enum CreateThing {
    /// What a caller sends, validated.
    public struct Input: Sendable {
        /// The body.
        public var body: Thing

        /// An input of these parts.
        public init(body: Thing) {
            self.body = body
        }
    }

    /// What is answered. A refusal is thrown as a `Problem` instead.
    public enum Output: Sendable {
        /// 201: Made.
        case created(String)
    }
}

extension CreateThing.Input {
    /// Reads and validates a request; everything that is wrong with it is in one problem.
    public init(_ request: Request) throws(Problem) {
        var parameters = ParameterReader(request)
        let body = parameters.body(Thing.self)
        guard let body, parameters.isValid else { throw parameters.problem }
        self.init(body: body)
    }
}

extension CreateThing.Output {
    /// The answer on the wire.
    public var response: Response {
        switch self {
        case .created(let text): Response(status: 201, contentType: "text/plain", text: text)
        }
    }
}
