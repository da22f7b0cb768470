public import Formats

/// Any JSON value. Numbers keep their text, so they stay exact.
///
/// Equality is JSON Schema's (Core 2020-12, section 4.2.2): numbers by value, strings by code points, members in any order.
public indirect enum JSONValue: Sendable {
    /// `null`
    case null
    /// `true` or `false`
    case boolean(Bool)
    /// A number.
    case number(JSONNumber)
    /// A string.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object, with its members in the order of the text.
    case object([JSONMember])
}

/// A member of a JSON object.
public struct JSONMember: Hashable, Sendable {
    /// The name.
    public var name: String
    /// The value.
    public var value: JSONValue

    /// Creates a member.
    public init(name: String, value: JSONValue) {
        self.name = name
        self.value = value
    }

    public static func == (lhs: JSONMember, rhs: JSONMember) -> Bool {
        lhs.name.hasSameScalars(as: rhs.name) && lhs.value == rhs.value
    }
}

/// A JSON number as text. Two numbers are equal if their values are.
public struct JSONNumber: Hashable, Sendable {
    /// The number's text (RFC 8259, section 6).
    public let text: String

    /// Reads a number; nil if `text` is not one.
    public init?(_ text: String) {
        guard ExactNumber(text) != nil else { return nil }
        self.text = text
    }

    init(validated text: String) {
        self.text = text
    }

    /// The exact value.
    public var value: ExactNumber { ExactNumber(text) ?? ExactNumber(0) }

    public static func == (lhs: JSONNumber, rhs: JSONNumber) -> Bool {
        lhs.text == rhs.text || lhs.value == rhs.value
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

extension JSONValue {
    /// The value of a member; nil if the value is not an object or has no such member.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name.hasSameScalars(as: name) }?.value
    }

    /// Reads a complete JSON text; nil if it is not JSON.
    public init?(_ text: String) {
        var text = text
        let value = text.withUTF8 { bytes in
            try? JSONReader.read(UnsafeRawBufferPointer(bytes), allowsNUL: true) { (json) throws(JSONSyntaxError) in
                try json.value()
            }
        }
        guard let value else { return nil }
        self = value
    }

    /// Creates a value from text that the compiler wrote.
    public init(checked text: StaticString) {
        guard let value = JSONValue("\(text)") else {
            // traps: the text is in generated code, and the compiler has parsed it.
            preconditionFailure("'\(text)' was written by the contract's compiler")
        }
        self = value
    }
}

extension JSONValue: Hashable {
    public static func == (lhs: JSONValue, rhs: JSONValue) -> Bool {
        switch (lhs, rhs) {
        case (.null, .null): true
        case (.boolean(let lhs), .boolean(let rhs)): lhs == rhs
        case (.number(let lhs), .number(let rhs)): lhs == rhs
        case (.string(let lhs), .string(let rhs)): lhs.hasSameScalars(as: rhs)
        case (.array(let lhs), .array(let rhs)): lhs == rhs
        case (.object(let lhs), .object(let rhs)):
            lhs.count == rhs.count
                && lhs.allSatisfy { member in rhs.contains { $0 == member } }
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .boolean(let value): hasher.combine(value)
        case .number(let value): hasher.combine(value)
        case .string(let value): hasher.combine(value)
        case .array(let items): hasher.combine(items)
        // The order of members does not affect equality.
        case .object(let members): hasher.combine(members.count)
        }
    }
}

extension JSONValue: JSONReadable, JSONWritable {
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        switch try json.nextType() {
        case .null:
            try json.skipLiteral("null")
            self = .null
        case .boolean: self = .boolean(try json.boolean() ?? false)
        case .number: self = .number(JSONNumber(validated: String(decoding: try json.readNumber(), as: UTF8.self)))
        case .string: self = .string(try json.readText().string)
        case .array:
            var items: [JSONValue] = []
            guard try json.beginArray() else { return nil }
            while try json.nextItem() {
                if let item = try JSONValue(from: &json) { items.append(item) }
            }
            self = .array(items)
        case .object:
            var members: [JSONMember] = []
            var names: Set<ExactText> = []
            guard try json.beginObject() else { return nil }
            while let name = try json.nextName()?.string {
                guard names.insert(ExactText(name)).inserted else { throw json.repeatedMember }
                if let value = try JSONValue(from: &json) { members.append(JSONMember(name: name, value: value)) }
            }
            self = .object(members)
        }
    }

    public func write(to json: inout JSONWriter) {
        switch self {
        case .null: json.raw("null".utf8)
        case .boolean(let value): value.write(to: &json)
        case .number(let number): json.raw(number.text.utf8)
        case .string(let value): json.string(value)
        case .array(let items): items.write(to: &json)
        case .object(let members):
            json.beginObject()
            for member in members { json.member(dynamic: member.name, member.value) }
            json.endObject()
        }
    }
}

extension JSONValue: CustomStringConvertible {
    /// The JSON text.
    public var description: String { String(decoding: JSONWriter.write(self), as: UTF8.self) }
}

extension JSONValue: Codable {
    /// Reads a value through Swift's coders, which support numbers only as `Int` and `Double`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int.self) {
            self = .number(JSONNumber(validated: String(value)))
        } else if let value = try? container.decode(Double.self), value.isFinite {
            self = .number(JSONNumber(validated: "\(value)"))
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let items = try? container.decode([JSONValue].self) {
            self = .array(items)
        } else {
            let members = try container.decode([String: JSONValue].self).sorted { $0.key < $1.key }
            self = .object(members.map { JSONMember(name: $0.key, value: $0.value) })
        }
    }

    /// Writes a value through Swift's coders, which support numbers only as `Int` and `Double`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .number(let number):
            if let value = number.value.integer {
                try container.encode(value)
            } else {
                try container.encode(Double(number.text) ?? .nan)
            }
        case .string(let value): try container.encode(value)
        case .array(let items): try container.encode(items)
        case .object(let members):
            try container.encode(Dictionary(members.map { ($0.name, $0.value) }) { first, _ in first })
        }
    }
}

/// The type of a value that can only be `null`.
public struct JSONNull: Hashable, Sendable, Codable {
    /// `null`
    public init() {}
}
