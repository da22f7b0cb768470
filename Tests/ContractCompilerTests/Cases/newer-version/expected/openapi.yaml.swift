// Generated from openapi.yaml. Edit that file, not this one.

public import ContractRuntime

/// — openapi.yaml#/paths/~1things/query/requestBody/content/application~1json/schema
public struct SearchThingsBody: ContractModel {
    /// — openapi.yaml#/paths/~1things/query/requestBody/content/application~1json/schema/properties/text
    public var text: String?

    /// Creates a value.
    public init(text: String? = nil) {
        self.text = text
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case text
    }
}

extension SearchThingsBody {
    private static let members = MemberTable(CodingKeys.self)

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var text: String?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .text: text = try json.string()
            }
        }
        json.require(Self.members, seen, at: start)
        self.init(text: text)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("text", ifPresent: text)
        json.endObject()
    }
}

/// — QUERY /things, openapi.yaml#/paths/~1things/query
public enum SearchThings: ContractOperation {
    /// The parameters and the body of a request.
    public struct Input: RoutedInput {
        /// The operation of this input.
        public static var route: Route { .searchThings }

        /// The request body.
        public var body: SearchThingsBody

        /// Creates an input.
        public init(body: SearchThingsBody) {
            self.body = body
        }
    }

    /// The response. Problems are thrown as `Problem` instead.
    public enum Output: OperationOutput {
        /// 200:
        case ok(JSONLines<Int>)
    }
}

extension SearchThings.Input {
    /// Reads and validates a request. The thrown problem lists all violations.
    public init(_ request: Request) throws(Problem) {
        var parameters = ParameterReader(request)
        let body = parameters.json(as: SearchThingsBody.self)
        guard let body, parameters.isValid else { throw parameters.problem }
        self.init(body: body)
    }

    /// The HTTP request that a client sends.
    public var request: ClientRequest {
        var request = ClientRequest("QUERY", "/things")
        request.body = .json(body, mediaType: "application/json")
        return request
    }
}

extension SearchThings.Output {
    /// The body of the response.
    public var body: JSONLines<Int> {
        switch self {
        case .ok(let body): return body
        }
    }

    /// The HTTP response that the server sends.
    public var response: Response {
        switch self {
        case .ok(let body): return Response(status: 200, .lines(body, mediaType: "application/jsonl"))
        }
    }

    /// Reads and validates a response. An undeclared response is thrown, as a `Problem` if it is one.
    public init(_ response: ClientResponse) async throws {
        switch response.status {
        case 200:
            let body = response.lines { (json) throws(JSONSyntaxError) -> Int? in
                try json.integer(minimum: 0)
            }
            self = .ok(body)
        default: throw try await response.unexpected()
        }
    }
}

/// — COPY /things, openapi.yaml#/paths/~1things/additionalOperations/COPY
public enum CopyThings: ContractOperation {
    /// The parameters and the body of a request.
    public struct Input: RoutedInput {
        /// The operation of this input.
        public static var route: Route { .copyThings }

        /// Creates an input.
        public init() {}
    }

    /// The response. Problems are thrown as `Problem` instead.
    public enum Output: OperationOutput {
        /// 204: Done.
        case noContent
    }
}

extension CopyThings.Input {
    /// Reads and validates a request. The thrown problem lists all violations.
    public init(_ request: Request) throws(Problem) {
        self.init()
    }

    /// The HTTP request that a client sends.
    public var request: ClientRequest {
        ClientRequest("COPY", "/things")
    }
}

extension CopyThings.Output {
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
