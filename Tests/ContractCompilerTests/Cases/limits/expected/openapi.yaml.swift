// Generated from openapi.yaml. Edit that file, not this one.

public import ContractRuntime

/// — openapi.yaml#/components/schemas/Any
public enum AnyModel: ContractModel {
    case array([AnyModel?])
    case boolean(Bool)
    case number(Double)
    case object(JSONObject)
    case string(String)
}

extension AnyModel {
    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        switch try json.nextType() {
        case .array:
            let value = try json.array { (json) throws(JSONSyntaxError) -> AnyModel?? in
                    try json.skipNull() ? .some(nil) : try AnyModel(from: &json)
                }
            guard let value else { return nil }
            self = .array(value)
        case .boolean:
            guard let value = try json.boolean() else { return nil }
            self = .boolean(value)
        case .number:
            guard let value = try json.number() else { return nil }
            self = .number(value)
        case .object:
            guard let value = try json.object() else { return nil }
            self = .object(value)
        case .string:
            guard let value = try json.string() else { return nil }
            self = .string(value)
        default:
            try json.rejectType(["array", "boolean", "number", "object", "string"])
            return nil
        }
    }

    /// Writes the value.
    public func write(to json: inout JSONWriter) {
        switch self {
        case .array(let value): value.write(to: &json)
        case .boolean(let value): value.write(to: &json)
        case .number(let value): value.write(to: &json)
        case .object(let value): value.write(to: &json)
        case .string(let value): value.write(to: &json)
        }
    }
}

/// — openapi.yaml#/components/schemas/Amount
public struct Amount: ContractModel {
    /// No Decimal exceeds the bounds; only the pattern remains to be checked.
    ///
    /// — openapi.yaml#/components/schemas/Amount/properties/value
    public var value: Decimal?
    /// — openapi.yaml#/components/schemas/Amount/properties/rate
    public var rate: Decimal?
    /// — openapi.yaml#/components/schemas/Amount/properties/note
    public var note: String?
    /// — openapi.yaml#/components/schemas/Amount/properties/more
    public var more: JSONObject
    /// — openapi.yaml#/components/schemas/Amount/properties/names
    public var names: JSONObject?

    /// Creates a value.
    public init(
        value: Decimal? = nil,
        rate: Decimal? = nil,
        note: String? = nil,
        more: JSONObject = JSONObject.empty,
        names: JSONObject? = nil
    ) {
        self.value = value
        self.rate = rate
        self.note = note
        self.more = more
        self.names = names
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case value
        case rate
        case note
        case more
        case names
    }
}

extension Amount {
    private static let members = MemberTable(CodingKeys.self)
    private static let valuePatterns = [Pattern(checked: #"^-?[0-9]+$"#)]
    private static let rule: Rule = .members(
        properties: [
            "rate": .all([.multipleOf("0.25"), .exclusiveMinimum("0")]),
            "names": .memberNames(.pattern(Pattern(checked: #"^[a-z]$"#)))
        ]
    )

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var valueValue: Decimal?
        var rate: Decimal?
        var note: String?
        var more: JSONObject? = JSONObject.empty
        var names: JSONObject?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .value: valueValue = try json.decimal(patterns: Self.valuePatterns)
            case .rate: rate = try json.decimal()
            case .note: note = try json.string(maxLength: 9)
            case .more: more = try json.object()
            case .names: names = try json.object()
            }
        }
        json.require(Self.members, seen, at: start)
        try json.check(Self.rule, from: start)
        guard let more else { return nil }
        self.init(value: valueValue, rate: rate, note: note, more: more, names: names)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("value", ifPresent: value)
        json.member("rate", ifPresent: rate)
        json.member("note", ifPresent: note)
        json.member("more", more)
        json.member("names", ifPresent: names)
        json.endObject()
    }
}

/// — GET /events, openapi.yaml#/paths/~1events/get
public enum Watch: ContractOperation {
    /// The parameters and the body of a request.
    public struct Input: RoutedInput {
        /// The operation of this input.
        public static var route: Route { .watch }

        /// Creates an input.
        public init() {}
    }

    /// The response. Problems are thrown as `Problem` instead.
    public enum Output: OperationOutput {
        /// 200: Events, described as the objects of their fields.
        case ok(ServerEvents<Amount>)
    }
}

extension Watch.Input {
    /// Reads and validates a request. The thrown problem lists all violations.
    public init(_ request: Request) throws(Problem) {
        self.init()
    }

    /// The HTTP request that a client sends.
    public var request: ClientRequest {
        ClientRequest("GET", "/events")
    }
}

extension Watch.Output {
    /// The body of the response.
    public var body: ServerEvents<Amount> {
        switch self {
        case .ok(let body): return body
        }
    }

    /// The HTTP response that the server sends.
    public var response: Response {
        switch self {
        case .ok(let body): return Response(status: 200, .events(body))
        }
    }

    /// Reads and validates a response. An undeclared response is thrown, as a `Problem` if it is one.
    public init(_ response: ClientResponse) async throws {
        switch response.status {
        case 200:
            let body = response.events(as: Amount.self)
            self = .ok(body)
        default: throw try await response.unexpected()
        }
    }
}
