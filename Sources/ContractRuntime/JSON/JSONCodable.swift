#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A value that writes itself as JSON.
public protocol JSONWritable {
    /// Appends this value.
    func write(to json: inout JSONWriter)
}

/// A value that reads itself from JSON, validated on the way. Generated models conform.
public protocol JSONReadable {
    /// Reads a value; nil when it broke its schema, in which case `json` holds the violations.
    init?(from json: inout JSONReader) throws(JSONSyntaxError)
}

extension JSONReadable {
    /// Reads one whole JSON text.
    public init(json bytes: [UInt8]) throws(InvalidInput) {
        // Closures of `withUnsafeBytes` carry typed errors only through a Result.
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(InvalidInput) in
                try JSONReader.read(bytes) { (json) throws(JSONSyntaxError) in try Self(from: &json) }
            }
        }
        self = try result.get()
    }
}

/// A generated model. Its own codec reads, validates and writes JSON exactly; `Codable` is there for other formats, validates
/// nothing and knows no defaults.
public protocol ContractModel: JSONReadable, JSONWritable, Codable, Hashable, Sendable {}

extension String: JSONWritable {
    public func write(to json: inout JSONWriter) { json.string(self) }
}

extension Int: JSONWritable {
    public func write(to json: inout JSONWriter) { json.raw(String(self).utf8) }
}

extension Double: JSONWritable {
    /// The shortest literal that reads back as the same value. The value must be finite: no reader lets another in.
    public func write(to json: inout JSONWriter) {
        precondition(isFinite, "a JSON number is finite")
        json.raw(description.utf8)
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
    /// The members in the order of their names.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        for (name, value) in sorted(by: { $0.key < $1.key }) { json.member(dynamic: name, value) }
        json.endObject()
    }
}

extension Optional: JSONWritable where Wrapped: JSONWritable {
    public func write(to json: inout JSONWriter) {
        if let self { self.write(to: &json) } else { json.raw("null".utf8) }
    }
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
