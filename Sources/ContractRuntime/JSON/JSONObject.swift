/// A JSON object whose members no schema names, kept as the text that was read.
///
/// Two objects are equal when their texts are.
public struct JSONObject: Hashable, Sendable {
    /// The object's JSON text in UTF-8.
    public let bytes: [UInt8]

    /// `{}`
    public static let empty = JSONObject(validated: Array("{}".utf8))

    /// An object from text that is known to be one.
    package init(validated bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads an object; nil when `text` is not exactly one JSON object.
    public init?(_ text: String) {
        var text = text
        let value = text.withUTF8 { bytes in
            try? JSONReader.read(UnsafeRawBufferPointer(bytes)) { (json) throws(JSONSyntaxError) in try json.object() }
        }
        guard let value else { return nil }
        self = value
    }

    /// An object with the members that `body` writes.
    public init(_ body: (inout JSONWriter) -> Void) {
        var json = JSONWriter()
        json.beginObject()
        body(&json)
        json.endObject()
        self.init(validated: json.bytes)
    }

    /// A model's object.
    public init(_ model: some ContractModel) {
        self.init(validated: JSONWriter.write(model))
    }
}

extension JSONObject: CustomStringConvertible {
    /// The object's JSON text.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}
