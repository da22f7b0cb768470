#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A value that can be written as JSON.
public protocol JSONWritable: SendableMetatype {
    /// Appends the value.
    func write(to json: inout JSONWriter)
}

/// A value that can be read from JSON and is validated while it is read. Generated models conform.
public protocol JSONReadable: SendableMetatype {
    /// Reads a value. Returns nil if it violates its schema; `json` then has the violations.
    init?(from json: inout JSONReader) throws(JSONSyntaxError)
}

extension JSONReadable {
    /// Reads a complete JSON text.
    @inlinable
    public init(json bytes: [UInt8]) throws(InvalidInput) {
        self = try JSONReader.read(bytes, direction: .any, rule: nil) {
            (json: inout JSONReader) throws(JSONSyntaxError) in
            try Self(from: &json)
        }
    }
}

extension JSONValue {
    /// Reads a complete JSON text; nil if the text is not JSON.
    init?(_ bytes: [UInt8]) {
        guard let value = try? JSONValue(json: bytes) else { return nil }
        self = value
    }
}

/// A generated model. Its codec reads, validates and writes exact JSON. `Codable` uses that codec, for other formats.
public protocol ContractModel: JSONReadable, JSONWritable, Codable, Hashable, Sendable {}

extension ContractModel {
    /// Reads and validates a value through Swift's coders, which support numbers only as `Int` and `Double`.
    public init(from decoder: any Decoder) throws {
        let value = try JSONValue(from: decoder)
        do {
            self = try Self(json: JSONWriter.write(value))
        } catch {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\(error)", underlyingError: error)
            )
        }
    }

    /// Writes a value through Swift's coders, which support numbers only as `Int` and `Double`.
    public func encode(to encoder: any Encoder) throws {
        try (JSONValue(JSONWriter.write(self)) ?? .null).encode(to: encoder)
    }
}

extension String: JSONWritable {
    public func write(to json: inout JSONWriter) { json.string(self) }
}

extension Int: JSONWritable {
    public func write(to json: inout JSONWriter) { json.raw(String(self).utf8) }
}

extension Double: JSONWritable {
    /// Writes the shortest literal that reads back as the same value. JSON has no infinity or NaN: infinity becomes the largest finite
    /// number with its sign, and NaN becomes `null`.
    public func write(to json: inout JSONWriter) {
        if isNaN { return json.raw("null".utf8) }
        let finite = Swift.min(Swift.max(self, -Self.greatestFiniteMagnitude), Self.greatestFiniteMagnitude)
        json.raw(finite.description.utf8)
    }
}

extension Bool: JSONWritable {
    public func write(to json: inout JSONWriter) { json.raw((self ? "true" : "false").utf8) }
}

extension Decimal: JSONWritable {
    public func write(to json: inout JSONWriter) { json.raw(description.utf8) }
}

extension Timestamp: JSONWritable {
    public func write(to json: inout JSONWriter) { json.plainString(appendRFC3339) }
}

extension UUID: JSONWritable {
    public func write(to json: inout JSONWriter) { json.plainString(appendText) }
}

extension JSONObject: JSONWritable {
    public func write(to json: inout JSONWriter) { json.raw(bytes) }
}

extension Array: JSONWritable where Element: JSONWritable {
    public func write(to json: inout JSONWriter) {
        json.beginArray()
        for element in self { element.write(to: &json) }
        json.endArray()
    }
}

extension Dictionary: JSONWritable where Key == String, Value: JSONWritable {
    /// Writes the members sorted by name.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.members(self)
        json.endObject()
    }
}

extension Optional: JSONWritable where Wrapped: JSONWritable {
    public func write(to json: inout JSONWriter) {
        if let self { self.write(to: &json) } else { json.raw("null".utf8) }
    }
}

extension String: JSONReadable {
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        guard let value = try json.string() else { return nil }
        self = value
    }
}

extension Int: JSONReadable {
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        guard let value = try json.integer() else { return nil }
        self = value
    }
}

extension Double: JSONReadable {
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        guard let value = try json.number() else { return nil }
        self = value
    }
}

extension Bool: JSONReadable {
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        guard let value = try json.boolean() else { return nil }
        self = value
    }
}

extension Decimal: JSONReadable {
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        guard let value = try json.decimal() else { return nil }
        self = value
    }
}

extension Timestamp: JSONReadable {
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        guard let value = try json.timestamp() else { return nil }
        self = value
    }
}

extension CalendarDate: JSONReadable {
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        guard let value = try json.date() else { return nil }
        self = value
    }
}

extension UUID: JSONReadable {
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        guard let value = try json.uuid() else { return nil }
        self = value
    }
}

extension Bytes: JSONReadable {
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        guard let value = try json.base64() else { return nil }
        self = value
    }
}

extension JSONNull: JSONReadable {
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        guard let value = try json.null() else { return nil }
        self = value
    }
}

extension JSONObject: JSONReadable {
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        guard let value = try json.object() else { return nil }
        self = value
    }
}

extension Array: JSONReadable where Element: JSONReadable {
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        guard let value = try json.array(of: Element.self) else { return nil }
        self = value
    }
}

extension Dictionary: JSONReadable where Key == String, Value: JSONReadable {
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        guard let value = try json.map(of: Value.self) else { return nil }
        self = value
    }
}

extension CalendarDate: JSONWritable {
    public func write(to json: inout JSONWriter) { json.string(description) }
}

extension Bytes: JSONWritable {
    public func write(to json: inout JSONWriter) { json.plainString(appendBase64) }
}

extension JSONNull: JSONWritable {
    public func write(to json: inout JSONWriter) { json.raw("null".utf8) }
}

extension Violation: JSONWritable {
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("pointer", pointer)
        json.member("keyword", keyword)
        json.member("message", message)
        json.endObject()
    }
}
