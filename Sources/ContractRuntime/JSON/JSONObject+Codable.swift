extension JSONObject: Codable {
    /// Reads an object through Swift's coders, which know numbers only as `Int` and `Double`.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.singleValueContainer().decode([String: JSONTree].self)
        self.init { json in
            for (name, value) in members.sorted(by: { $0.key < $1.key }) { json.member(dynamic: name, value) }
        }
    }

    /// Writes an object through Swift's coders, which know numbers only as `Int` and `Double`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(JSONTree(bytes))
    }
}

/// A JSON value taken apart, for Swift's coders.
private indirect enum JSONTree {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONTree])
    case object([String: JSONTree])

    init(_ bytes: [UInt8]) throws(InvalidInput) {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(InvalidInput) in
                try JSONReader.read(bytes, allowsNUL: true) { (json) throws(JSONSyntaxError) in
                    try JSONTree(from: &json)
                }
            }
        }
        self = try result.get()
    }
}

extension JSONTree: JSONReadable, JSONWritable {
    init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        switch try json.peek() {
        case UInt8(ascii: "{"):
            var members: [String: JSONTree] = [:]
            guard try json.beginObject() else { return nil }
            while let key = try json.nextKey() {
                let name = key.string
                members[name] = try JSONTree(from: &json)
            }
            self = .object(members)
        case UInt8(ascii: "["):
            let items = try json.array { (json: inout JSONReader) throws(JSONSyntaxError) in try JSONTree(from: &json) }
            self = .array(items ?? [])
        case UInt8(ascii: "\""): self = .string(try json.readText().string)
        case UInt8(ascii: "t"), UInt8(ascii: "f"): self = .boolean(try json.boolean() ?? false)
        case UInt8(ascii: "n"):
            try json.skipLiteral("null")
            self = .null
        default:
            let literal = try json.readNumber()
            if let value = NumberLiteral(literal)?.integer {
                self = .integer(value)
            } else {
                self = .number(Double(String(decoding: literal, as: UTF8.self)) ?? .nan)
            }
        }
    }

    func write(to json: inout JSONWriter) {
        switch self {
        case .null: json.raw("null".utf8)
        case .boolean(let value): value.write(to: &json)
        case .integer(let value): value.write(to: &json)
        case .number(let value): value.write(to: &json)
        case .string(let value): value.write(to: &json)
        case .array(let items): items.write(to: &json)
        case .object(let members): members.write(to: &json)
        }
    }
}

extension JSONTree: Codable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let items = try? container.decode([JSONTree].self) {
            self = .array(items)
        } else {
            self = .object(try container.decode([String: JSONTree].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let items): try container.encode(items)
        case .object(let members): try container.encode(members)
        }
    }
}
