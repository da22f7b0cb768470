/// What an operation answers, ready for the wire.
public struct Response: Sendable {
    /// The HTTP status.
    public var status: Int
    /// Header fields beside those that every answer has.
    public private(set) var headers: [(name: String, value: String)] = []
    /// The body.
    public var body: MessageBody

    /// An answer of this status and body.
    public init(status: Int, _ body: MessageBody = .none) {
        self.status = status
        self.body = body
    }

    /// Adds a header field; one without a value is left out.
    public mutating func add(_ parameter: ParameterDescription, _ value: (some JSONWritable)?) {
        guard let value, let json = JSONValue(JSONWriter.write(value, direction: .response)) else { return }
        headers.append((parameter.name, ParameterWriter.text(of: json, parameter)))
    }
}
