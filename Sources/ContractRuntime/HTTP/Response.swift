/// The HTTP response of an operation.
public struct Response: Sendable {
    /// The HTTP status.
    public var status: Int
    /// Header fields of this response, in addition to those of every response.
    public private(set) var headers: HeaderFields = [:]
    /// The body.
    public var body: MessageBody

    /// Creates a response.
    public init(status: Int, _ body: MessageBody = .none) {
        self.status = status
        self.body = body
    }

    /// Adds a header field. One without a value is omitted.
    public mutating func add(_ parameter: ParameterDescription, _ value: (some JSONWritable)?) {
        guard let value, let json = JSONValue(JSONWriter.write(value, direction: .response)) else { return }
        headers.add(parameter.name, ParameterWriter.text(of: json, parameter))
    }
}
