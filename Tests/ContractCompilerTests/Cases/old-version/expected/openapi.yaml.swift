// Generated from openapi.yaml. Edit that file, not this one.

public import ContractRuntime

/// — openapi.yaml#/components/schemas/Thing
public struct Thing: ContractModel {
    /// — openapi.yaml#/components/schemas/Thing/properties/size
    public var size: Double
    /// — openapi.yaml#/components/schemas/Thing/properties/name
    public var name: String?
    /// — openapi.yaml#/components/schemas/Thing/properties/kind
    public var kind: ThingKind?
    /// — openapi.yaml#/components/schemas/Thing/properties/owner
    public var owner: Owner?

    /// Creates a value.
    public init(size: Double, name: String?, kind: ThingKind? = nil, owner: Owner? = nil) {
        self.size = size
        self.name = name
        self.kind = kind
        self.owner = owner
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case size
        case name
        case kind
        case owner
    }
}

extension Thing {
    private static let members = MemberTable(CodingKeys.self, required: [.size, .name])
    private static let rule: Rule = .members(properties: ["size": .exclusiveMinimum("0")])

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var size: Double?
        var nameValue: String?
        var kind: ThingKind?
        var owner: Owner?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .size: size = try json.number()
            case .name: nameValue = try json.skipNull() ? nil : try json.string()
            case .kind: kind = try json.skipNull() ? nil : try ThingKind(from: &json)
            case .owner: owner = try json.skipNull() ? nil : try Owner(from: &json)
            }
        }
        json.require(Self.members, seen, at: start)
        try json.check(Self.rule, from: start)
        guard let size else { return nil }
        self.init(size: size, name: nameValue, kind: kind, owner: owner)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("size", size)
        json.member("name", name)
        json.member("kind", ifPresent: kind)
        json.member("owner", ifPresent: owner)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/Thing/properties/kind
public enum ThingKind: String, ContractEnumeration {
    case a
    case b
}

/// — openapi.yaml#/components/schemas/Owner
public struct Owner: ContractModel {
    /// — openapi.yaml#/components/schemas/Owner/properties/id
    public var id: UUID

    /// Creates a value.
    public init(id: UUID) {
        self.id = id
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case id
    }
}

extension Owner {
    private static let members = MemberTable(CodingKeys.self, required: [.id])

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var id: UUID?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .id: id = try json.uuid()
            }
        }
        json.require(Self.members, seen, at: start)
        guard let id else { return nil }
        self.init(id: id)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", id)
        json.endObject()
    }
}

/// — GET /things, openapi.yaml#/paths/~1things/get
public enum GetThings: ContractOperation {
    /// The parameters and the body of a request.
    public struct Input: RoutedInput {
        /// The operation of this input.
        public static var route: Route { .getThings }

        /// The parameter `ids`.
        public var ids: [Int]?

        /// Creates an input.
        public init(ids: [Int]? = nil) {
            self.ids = ids
        }
    }

    /// The response. Problems are thrown as `Problem` instead.
    public enum Output: OperationOutput {
        /// 200: Things.
        case ok([Thing])
    }
}

extension GetThings.Input {
    /// Reads and validates a request. The thrown problem lists all violations.
    public init(_ request: Request) throws(Problem) {
        var parameters = ParameterReader(request)
        let ids = parameters.read(.query("ids", explodes: false, shape: .array(.literal))) { (json) throws(JSONSyntaxError) -> [Int]? in
            try json.array { (json) throws(JSONSyntaxError) -> Int? in
                    try json.integer(minimum: -2147483648, maximum: 2147483647)
                }
        }
        guard parameters.isValid else { throw parameters.problem }
        self.init(ids: ids)
    }

    /// The HTTP request that a client sends.
    public var request: ClientRequest {
        var request = ClientRequest("GET", "/things")
        request.add(.query("ids", explodes: false, shape: .array(.literal)), ids)
        return request
    }
}

extension GetThings.Output {
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
