// Generated from openapi.yaml. Edit that file, not this one.

public import ContractRuntime

/// Distinguished by the discriminator.
///
/// — openapi.yaml#/components/schemas/Shape
public enum Shape: ContractModel {
    case circle(Circle)
    case square(Square)
}

extension Shape {
    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        switch try json.text(ofMember: "kind") {
        case "round":
            guard let value = try Circle(from: &json) else { return nil }
            self = .circle(value)
        case "square":
            guard let value = try Square(from: &json) else { return nil }
            self = .square(value)
        default:
            try json.rejectChoice(by: "kind", ["round", "square"], keyword: "discriminator")
            return nil
        }
    }

    /// Writes the value.
    public func write(to json: inout JSONWriter) {
        switch self {
        case .circle(let value): value.write(to: &json)
        case .square(let value): value.write(to: &json)
        }
    }
}

/// — openapi.yaml#/components/schemas/Circle
public struct Circle: ContractModel {
    /// — openapi.yaml#/components/schemas/Circle/properties/kind
    public var kind: String
    /// — openapi.yaml#/components/schemas/Circle/properties/radius
    public var radius: Double

    /// Creates a value.
    public init(kind: String, radius: Double) {
        self.kind = kind
        self.radius = radius
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case kind
        case radius
    }
}

extension Circle {
    private static let members = MemberTable(CodingKeys.self, required: [.kind, .radius])

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var kind: String?
        var radius: Double?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .kind: kind = try json.string()
            case .radius: radius = try json.number()
            }
        }
        json.require(Self.members, seen, at: start)
        guard let kind, let radius else { return nil }
        self.init(kind: kind, radius: radius)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("kind", kind)
        json.member("radius", radius)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/Square
public struct Square: ContractModel {
    /// — openapi.yaml#/components/schemas/Square/properties/kind
    public var kind: SquareKind
    /// — openapi.yaml#/components/schemas/Square/properties/side
    public var side: Double

    /// Creates a value.
    public init(kind: SquareKind = .square, side: Double) {
        self.kind = kind
        self.side = side
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case kind
        case side
    }
}

extension Square {
    private static let members = MemberTable(CodingKeys.self, required: [.kind, .side])

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var kind: SquareKind?
        var side: Double?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .kind: kind = try SquareKind(from: &json)
            case .side: side = try json.number()
            }
        }
        json.require(Self.members, seen, at: start)
        guard let kind, let side else { return nil }
        self.init(kind: kind, side: side)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("kind", kind)
        json.member("side", side)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/Square/properties/kind
public enum SquareKind: String, ContractEnumeration {
    case square
}

/// — openapi.yaml#/components/schemas/ByType
public enum ByType: ContractModel {
    case string(String)
    case integer(Int)
    case array([Bool])
}

extension ByType {
    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        switch try json.nextType() {
        case .array:
            guard let value = try json.array(of: Bool.self) else { return nil }
            self = .array(value)
        case .number:
            guard let value = try json.integer(minimum: 1) else { return nil }
            self = .integer(value)
        case .string:
            guard let value = try json.string(maxLength: 3) else { return nil }
            self = .string(value)
        default:
            try json.rejectType(["array", "number", "string"])
            return nil
        }
    }

    /// Writes the value.
    public func write(to json: inout JSONWriter) {
        switch self {
        case .string(let value): value.write(to: &json)
        case .integer(let value): value.write(to: &json)
        case .array(let value): value.write(to: &json)
        }
    }
}

/// — openapi.yaml#/components/schemas/ByConstant
public enum ByConstant: ContractModel {
    case on(ByConstantOn)
    case off(ByConstantOff)
}

extension ByConstant {
    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        switch try json.text(ofMember: "state") {
        case "on-air":
            guard let value = try ByConstantOn(from: &json) else { return nil }
            self = .on(value)
        case "off", "broken":
            guard let value = try ByConstantOff(from: &json) else { return nil }
            self = .off(value)
        default:
            try json.rejectChoice(by: "state", ["on-air", "off", "broken"], keyword: "oneOf")
            return nil
        }
    }

    /// Writes the value.
    public func write(to json: inout JSONWriter) {
        switch self {
        case .on(let value): value.write(to: &json)
        case .off(let value): value.write(to: &json)
        }
    }
}

/// — openapi.yaml#/components/schemas/ByConstant/oneOf/0
public struct ByConstantOn: ContractModel {
    /// — openapi.yaml#/components/schemas/ByConstant/oneOf/0/properties/state
    public var state: ByConstantOnState
    /// — openapi.yaml#/components/schemas/ByConstant/oneOf/0/properties/since
    public var since: Timestamp

    /// Creates a value.
    public init(state: ByConstantOnState = .onAir, since: Timestamp) {
        self.state = state
        self.since = since
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case state
        case since
    }
}

extension ByConstantOn {
    private static let members = MemberTable(CodingKeys.self, required: [.state, .since])

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var state: ByConstantOnState?
        var since: Timestamp?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .state: state = try ByConstantOnState(from: &json)
            case .since: since = try json.timestamp()
            }
        }
        json.require(Self.members, seen, at: start)
        guard let state, let since else { return nil }
        self.init(state: state, since: since)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("state", state)
        json.member("since", since)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/ByConstant/oneOf/0/properties/state
public enum ByConstantOnState: String, ContractEnumeration {
    case onAir = "on-air"
}

/// — openapi.yaml#/components/schemas/ByConstant/oneOf/1
public struct ByConstantOff: ContractModel {
    /// — openapi.yaml#/components/schemas/ByConstant/oneOf/1/properties/state
    public var state: ByConstantOffState

    /// Creates a value.
    public init(state: ByConstantOffState) {
        self.state = state
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case state
    }
}

extension ByConstantOff {
    private static let members = MemberTable(CodingKeys.self, required: [.state])

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var state: ByConstantOffState?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .state: state = try ByConstantOffState(from: &json)
            }
        }
        json.require(Self.members, seen, at: start)
        guard let state else { return nil }
        self.init(state: state)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("state", state)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/ByConstant/oneOf/1/properties/state
public enum ByConstantOffState: String, ContractEnumeration {
    case off
    case broken
}

/// — openapi.yaml#/components/schemas/ByValidation
public enum ByValidation: ContractModel {
    case a(ByValidationA)
    case b(ByValidationB)
}

extension ByValidation {
    private static let branches: [Rule] = [
        .all([.type([.object]), .required(["a"]), .members(properties: ["a": .type([.string])])]),
        .all([.type([.object]), .required(["b"]), .members(properties: ["b": .type([.string])])])
    ]

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        switch try json.nextType() {
        case .object:
            switch try json.choose([0, 1], of: Self.branches, isExclusive: true) {
            case 0:
                guard let value = try ByValidationA(from: &json) else { return nil }
                self = .a(value)
            case 1:
                guard let value = try ByValidationB(from: &json) else { return nil }
                self = .b(value)
            default: return nil
            }
        default:
            try json.rejectType(["object"])
            return nil
        }
    }

    /// Writes the value.
    public func write(to json: inout JSONWriter) {
        switch self {
        case .a(let value): value.write(to: &json)
        case .b(let value): value.write(to: &json)
        }
    }
}

/// — openapi.yaml#/components/schemas/ByValidation/oneOf/0
public struct ByValidationA: ContractModel {
    /// — openapi.yaml#/components/schemas/ByValidation/oneOf/0/properties/a
    public var a: String

    /// Creates a value.
    public init(a: String) {
        self.a = a
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case a
    }
}

extension ByValidationA {
    private static let members = MemberTable(CodingKeys.self, required: [.a])

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var a: String?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .a: a = try json.string()
            }
        }
        json.require(Self.members, seen, at: start)
        guard let a else { return nil }
        self.init(a: a)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("a", a)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/ByValidation/oneOf/1
public struct ByValidationB: ContractModel {
    /// — openapi.yaml#/components/schemas/ByValidation/oneOf/1/properties/b
    public var b: String

    /// Creates a value.
    public init(b: String) {
        self.b = b
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case b
    }
}

extension ByValidationB {
    private static let members = MemberTable(CodingKeys.self, required: [.b])

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var b: String?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .b: b = try json.string()
            }
        }
        json.require(Self.members, seen, at: start)
        guard let b else { return nil }
        self.init(b: b)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("b", b)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/Nullable
public struct Nullable: ContractModel {
    /// — openapi.yaml#/components/schemas/Circle/properties/kind
    public var kind: String
    /// — openapi.yaml#/components/schemas/Circle/properties/radius
    public var radius: Double

    /// Creates a value.
    public init(kind: String, radius: Double) {
        self.kind = kind
        self.radius = radius
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case kind
        case radius
    }
}

extension Nullable {
    private static let members = MemberTable(CodingKeys.self, required: [.kind, .radius])

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var kind: String?
        var radius: Double?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .kind: kind = try json.string()
            case .radius: radius = try json.number()
            }
        }
        json.require(Self.members, seen, at: start)
        guard let kind, let radius else { return nil }
        self.init(kind: kind, radius: radius)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("kind", kind)
        json.member("radius", radius)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/Types
public enum Types: ContractModel {
    case integer(Int)
    case string(String)
}

extension Types {
    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        switch try json.nextType() {
        case .number:
            guard let value = try json.integer() else { return nil }
            self = .integer(value)
        case .string:
            guard let value = try json.string(maxLength: 5) else { return nil }
            self = .string(value)
        default:
            try json.rejectType(["number", "string"])
            return nil
        }
    }

    /// Writes the value.
    public func write(to json: inout JSONWriter) {
        switch self {
        case .integer(let value): value.write(to: &json)
        case .string(let value): value.write(to: &json)
        }
    }
}

/// — openapi.yaml#/components/schemas/Open
///
/// Known values are listed below. Unknown values are kept.
public struct Open: OpenEnumeration {
    public static let known = Open(rawValue: "known")
    public static let famous = Open(rawValue: "famous")

    /// The value in JSON.
    public let rawValue: String

    /// Creates a known or unknown value.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}

/// — openapi.yaml#/components/schemas/Numbers
public enum Numbers: Int, ContractEnumeration {
    case _1 = 1
    case _2 = 2
    case minus3 = -3
}

/// — openapi.yaml#/components/schemas/Untyped
public struct UntypedObject: ContractModel {
    /// — openapi.yaml#/components/schemas/Untyped/properties/a
    public var a: String

    /// Creates a value.
    public init(a: String) {
        self.a = a
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case a
    }
}

extension UntypedObject {
    private static let members = MemberTable(CodingKeys.self, required: [.a])

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var a: String?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .a: a = try json.string()
            }
        }
        json.require(Self.members, seen, at: start)
        guard let a else { return nil }
        self.init(a: a)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("a", a)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/Untyped
public enum Untyped: ContractModel {
    case object(UntypedObject)
    case other(JSONValue)
}

extension Untyped {
    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        switch try json.nextType() {
        case .object:
            guard let value = try UntypedObject(from: &json) else { return nil }
            self = .object(value)
        case .array, .string, .number, .boolean, .null:
            guard let value = try json.value() else { return nil }
            self = .other(value)
        }
    }

    /// Writes the value.
    public func write(to json: inout JSONWriter) {
        switch self {
        case .object(let value): value.write(to: &json)
        case .other(let value): value.write(to: &json)
        }
    }
}
