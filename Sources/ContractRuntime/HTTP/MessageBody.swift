/// The body of a request or response before it is encoded, because the encoding depends on the direction.
public struct MessageBody: Sendable {
    /// The bytes of a body, in memory or as a stream.
    public enum Content: Sendable {
        case bytes([UInt8])
        case stream(ByteStream)
    }

    /// The media type; nil if there is no body.
    public let mediaType: String?
    private let encode: @Sendable (JSONDirection) -> (content: Content, mediaType: String?)

    private init(mediaType: String?, _ encode: @escaping @Sendable (JSONDirection) -> Content) {
        self.mediaType = mediaType
        self.encode = { (encode($0), mediaType) }
    }

    private init(mediaType: String, _ encode: @escaping @Sendable (JSONDirection) -> (Content, String?)) {
        self.mediaType = mediaType
        self.encode = encode
    }

    /// The encoded body, and its media type with all parameters.
    public func encoded(for direction: JSONDirection) -> (content: Content, mediaType: String?) { encode(direction) }

    /// No body.
    public static let none = MessageBody(mediaType: nil) { _ in .bytes([]) }

    /// A JSON text.
    public static func json(_ value: some JSONWritable & Sendable, mediaType: String) -> MessageBody {
        MessageBody(mediaType: mediaType == "*/*" ? "application/json" : mediaType) {
            .bytes(JSONWriter.write(value, direction: $0))
        }
    }

    /// `application/x-www-form-urlencoded`
    public static func form(_ value: some JSONWritable & Sendable, shape: TextShape) -> MessageBody {
        MessageBody(mediaType: "application/x-www-form-urlencoded") { direction -> Content in
            let text = JSONValue(JSONWriter.write(value, direction: direction)).map(FormBody.text) ?? ""
            return .bytes(Array(text.utf8))
        }
    }

    /// A multipart body. The boundary is chosen when it is encoded.
    public static func multipart(
        _ value: some JSONWritable & Sendable,
        shape: TextShape,
        mediaType: String
    ) -> MessageBody {
        MessageBody(mediaType: mediaType) { direction -> (Content, String?) in
            let json = JSONValue(JSONWriter.write(value, direction: direction)) ?? .object([])
            let (bytes, boundary) = Multipart.body(of: json, shape: shape)
            return (.bytes(bytes), "\(mediaType); boundary=\(boundary)")
        }
    }

    /// Text.
    public static func text(_ text: String, mediaType: String) -> MessageBody {
        MessageBody(mediaType: mediaType) { _ in .bytes(Array(text.utf8)) }
    }

    /// Bytes.
    public static func bytes(_ bytes: Bytes, mediaType: String) -> MessageBody {
        MessageBody(mediaType: mediaType.contains("*") ? "application/octet-stream" : mediaType) { _ in
            .bytes(bytes.bytes)
        }
    }

    /// JSON texts, one per line.
    public static func lines<Element: JSONWritable>(_ values: JSONLines<Element>, mediaType: String) -> MessageBody {
        // RFC 7464, section 2.2: a record separator precedes each text.
        let prefix: [UInt8] = mediaType == "application/json-seq" ? [0x1E] : []
        return MessageBody(mediaType: mediaType) { direction -> Content in
            .stream(ByteStream(values) { prefix + JSONWriter.write($0, direction: direction) + [0x0A] })
        }
    }

    /// `text/event-stream`
    public static func events<Payload: JSONWritable>(_ events: ServerEvents<Payload>) -> MessageBody {
        MessageBody(mediaType: "text/event-stream") { direction -> Content in
            .stream(
                ByteStream(events) { event in
                    var text: [UInt8] = []
                    if let name = event.event { text += Array("event: \(name)\n".utf8) }
                    if let id = event.id { text += Array("id: \(id)\n".utf8) }
                    return text + Array("data: ".utf8) + JSONWriter.write(event.data, direction: direction) + [
                        0x0A, 0x0A,
                    ]
                }
            )
        }
    }
}
