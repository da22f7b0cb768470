// Generated from openapi.yaml. Edit that file, not this one.

public import ContractRuntime

/// — openapi.yaml#/components/schemas/Payment
public struct Payment: ContractModel {
    /// — openapi.yaml#/components/schemas/Payment/properties/method
    public var method: PaymentMethod
    /// — openapi.yaml#/components/schemas/Payment/properties/card
    public var card: String?
    /// — openapi.yaml#/components/schemas/Payment/properties/iban
    public var iban: String?
    /// — openapi.yaml#/components/schemas/Payment/properties/amounts
    public var amounts: [Double]?
    /// — openapi.yaml#/components/schemas/Payment/properties/tags
    public var tags: [String: String]?

    /// Creates a value.
    public init(
        method: PaymentMethod,
        card: String? = nil,
        iban: String? = nil,
        amounts: [Double]? = nil,
        tags: [String: String]? = nil
    ) {
        self.method = method
        self.card = card
        self.iban = iban
        self.amounts = amounts
        self.tags = tags
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case method
        case card
        case iban
        case amounts
        case tags
    }
}

extension Payment {
    private static let members = MemberTable(CodingKeys.self, required: [.method])
    private static let cardPattern = Pattern(checked: #"^[0-9]{16}$"#)
    private static let rule: Rule = .all([
        .type([.object]),
        .minProperties(2),
        .required(["method"]),
        .dependentRequired(["iban": ["amounts"]]),
        .not(.required(["card", "iban"])),
        .condition(
            .members(
                properties: ["method": .values(JSONValue(checked: #"["card"]"#), keyword: "const")]
            ),
            then: .required(["card"]),
            else: .required(["iban"])
        ),
        .members(
            properties: [
                "method": .all([
                    .type([.string]),
                    .values(JSONValue(checked: #"["card","transfer"]"#), keyword: "enum")
                ]),
                "card": .all([.type([.string]), .pattern(Pattern(checked: #"^[0-9]{16}$"#))]),
                "iban": .type([.string]),
                "amounts": .all([
                    .type([.array]),
                    .minItems(1),
                    .uniqueItems,
                    .items(rest: .all([.type([.number]), .exclusiveMinimum("0")]))
                ]),
                "tags": .all([
                    .type([.object]),
                    .members(others: .type([.string])),
                    .memberNames(.pattern(Pattern(checked: #"^[a-z]+$"#)))
                ])
            ]
        ),
        .unevaluatedMembers(.never)
    ])

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var method: PaymentMethod?
        var card: String?
        var iban: String?
        var amounts: [Double]?
        var tags: [String: String]?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .method: method = try PaymentMethod(from: &json)
            case .card: card = try json.string(pattern: Self.cardPattern)
            case .iban: iban = try json.string()
            case .amounts: amounts = try json.array(of: Double.self, minItems: 1)
            case .tags: tags = try json.map(of: String.self)
            }
        }
        json.require(Self.members, seen, at: start)
        try json.check(Self.rule, from: start)
        guard let method else { return nil }
        self.init(method: method, card: card, iban: iban, amounts: amounts, tags: tags)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("method", method)
        json.member("card", ifPresent: card)
        json.member("iban", ifPresent: iban)
        json.member("amounts", ifPresent: amounts)
        json.member("tags", ifPresent: tags)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/Payment/properties/method
public enum PaymentMethod: String, ContractEnumeration {
    case card
    case transfer
}

/// — openapi.yaml#/components/schemas/Tree
public struct Tree: ContractModel {
    /// — openapi.yaml#/components/schemas/Tree/properties/value
    public var value: Int
    /// — openapi.yaml#/components/schemas/Tree/properties/left
    @Indirect public var left: Tree?
    /// — openapi.yaml#/components/schemas/Tree/properties/right
    @Indirect public var right: Tree?

    /// Creates a value.
    public init(value: Int, left: Tree? = nil, right: Tree? = nil) {
        self.value = value
        self.left = left
        self.right = right
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case value
        case left
        case right
    }
}

extension Tree {
    private static let members = MemberTable(CodingKeys.self, required: [.value])

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var valueValue: Int?
        var left: Tree?
        var right: Tree?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .value: valueValue = try json.integer()
            case .left: left = try Tree(from: &json)
            case .right: right = try Tree(from: &json)
            }
        }
        json.require(Self.members, seen, at: start)
        guard let valueValue else { return nil }
        self.init(value: valueValue, left: left, right: right)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("value", value)
        json.member("left", ifPresent: left)
        json.member("right", ifPresent: right)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/Nested
public struct Nested: ContractModel {
    /// The value, which may contain values of this type.
    public var value: [Nested]

    /// Wraps a value.
    public init(_ value: [Nested]) {
        self.value = value
    }
}

extension Nested {
    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        guard let value = try json.array(of: Nested.self) else { return nil }
        self.init(value)
    }

    /// Writes the value.
    public func write(to json: inout JSONWriter) {
        value.write(to: &json)
    }
}

/// — openapi.yaml#/components/schemas/Pair
public struct Pair: ContractModel {
    /// Item 0.
    public var item0: String
    /// Item 1.
    public var item1: Int?
    /// The remaining items.
    public var others: [Bool]

    /// Creates a value.
    public init(item0: String, item1: Int? = nil, others: [Bool] = []) {
        self.item0 = item0
        self.item1 = item1
        self.others = others
    }
}

extension Pair {
    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginArray() else { return nil }
        var item0: String?
        var item1: Int?
        var others: [Bool] = []
        var count = 0
        while try json.nextItem() {
            switch count {
            case 0: item0 = try json.string()
            case 1: item1 = try json.integer(minimum: 0)
            default:
                let item: Bool? = try json.boolean()
                if let item { others.append(item) }
            }
            count += 1
        }
        json.requireItems(1, found: count, at: start)
        guard let item0 else { return nil }
        self.init(item0: item0, item1: item1, others: others)
    }

    /// Writes the items in order.
    public func write(to json: inout JSONWriter) {
        json.beginArray()
        item0.write(to: &json)
        if item1 != nil || !others.isEmpty { item1.write(to: &json) }
        for item in others { item.write(to: &json) }
        json.endArray()
    }
}

/// — openapi.yaml#/components/schemas/Headers
public typealias Headers = JSONObject

/// — openapi.yaml#/components/schemas/Extra
public struct Extra: ContractModel {
    /// — openapi.yaml#/components/schemas/Extra/properties/a
    public var a: String?
    /// The members that the schema does not describe.
    public var additionalProperties: [String: Int]

    /// Creates a value.
    public init(a: String? = nil, additionalProperties: [String: Int] = [:]) {
        self.a = a
        self.additionalProperties = additionalProperties
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case a
    }
}

extension Extra {
    private static let members = MemberTable(CodingKeys.self)

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var a: String?
        var additionalProperties: [String: Int] = [:]
        var seen = SeenMembers()
        while let name = try json.nextName() {
            switch try json.key(name, in: Self.members, &seen) {
            case .a: a = try json.string()
            case nil:
                let name = name.string
                let value: Int? = try json.integer(minimum: 0)
                try json.collect(value, as: name, in: &additionalProperties)
            }
        }
        json.require(Self.members, seen, at: start)
        self.init(a: a, additionalProperties: additionalProperties)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("a", ifPresent: a)
        json.members(additionalProperties)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/Text
public typealias Text = String
