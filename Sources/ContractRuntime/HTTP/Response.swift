/// What an operation answers, ready for the wire.
public struct Response: Hashable, Sendable {
    /// The HTTP status.
    public var status: Int
    /// The body's media type; nil when there is no body.
    public var contentType: String?
    /// The body.
    public var body: [UInt8]

    /// An answer without a body.
    public init(status: Int) {
        self.status = status
        body = []
    }

    /// An answer with a JSON body.
    public init(status: Int, json value: some JSONWritable) {
        self.status = status
        contentType = "application/json"
        body = JSONWriter.write(value)
    }

    /// An answer whose body is text of the given media type.
    public init(status: Int, contentType: String, text: String) {
        self.status = status
        self.contentType = contentType
        body = Array(text.utf8)
    }
}
