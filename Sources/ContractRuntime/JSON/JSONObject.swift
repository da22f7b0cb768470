/// A JSON object without a schema for its members, stored as the original text.
///
/// Two objects are equal if their texts are.
public struct JSONObject: Hashable, Sendable {
    /// The JSON text in UTF-8.
    public let bytes: [UInt8]

    /// `{}`
    public static let empty = JSONObject(validated: Array("{}".utf8))

    /// Creates an object from text that is known to be a JSON object.
    package init(validated bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads an object; nil unless `text` is exactly one JSON object.
    public init?(_ text: String) {
        var text = text
        let value = text.withUTF8 { bytes in
            try? JSONReader.read(UnsafeRawBufferPointer(bytes)) { (json) throws(JSONSyntaxError) in try json.object() }
        }
        guard let value else { return nil }
        self = value
    }

    /// Creates an object with the members that `body` writes.
    public init(_ body: (inout JSONWriter) -> Void) {
        var json = JSONWriter()
        json.beginObject()
        body(&json)
        json.endObject()
        self.init(validated: json.bytes)
    }

    /// Creates an object from a model.
    public init(_ model: some ContractModel) {
        self.init(validated: JSONWriter.write(model))
    }
}

extension JSONObject: CustomStringConvertible {
    /// The JSON text.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}
