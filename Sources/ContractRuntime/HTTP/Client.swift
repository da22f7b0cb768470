/// Sends a client's requests to a server.
public protocol Transport: Sendable {
    /// Sends a request and waits for the status and header fields of the response.
    func send(_ request: ClientRequest) async throws -> ClientResponse
}

/// A request of a client.
public struct ClientRequest: Sendable {
    /// The HTTP method.
    public var method: String
    /// The path with its parameters, or the whole URL of a receiver that is known only at run time.
    public var path: String
    /// The query without `?`; empty if there is none.
    public var query = ""
    /// Header fields.
    public var headers: HeaderFields = [:]
    /// The body.
    public var body = MessageBody.none

    /// Creates a request for the path template `path`.
    public init(_ method: String, _ path: String) {
        self.method = method
        self.path = path
    }

    /// Adds a parameter. One without a value is omitted.
    public mutating func add(_ parameter: ParameterDescription, _ value: (some JSONWritable)?) {
        guard let value, let json = JSONValue(JSONWriter.write(value, direction: .request)) else { return }
        switch parameter.place {
        case .path:
            let parts = path.split(separator: "{\(parameter.name)}", maxSplits: 1, omittingEmptySubsequences: false)
            path = parts.joined(separator: ParameterWriter.segment(of: json, parameter))
        case .query:
            let pairs = ParameterWriter.pairs(of: json, parameter)
            query = ((query.isEmpty ? [] : [query]) + pairs).joined(separator: "&")
        case .header: headers.add(parameter.name, ParameterWriter.text(of: json, parameter))
        case .cookie:
            let pairs = ParameterWriter.pairs(of: json, parameter).joined(separator: "; ")
            headers.extend("Cookie", with: pairs, separator: "; ")
        }
    }

    /// The request with the URL of a receiver that is known only at run time.
    public func addressed(to url: String) -> ClientRequest {
        var request = self
        request.path = url
        return request
    }
}

/// The server sent a response that the contract does not declare.
public struct UnexpectedResponse: Error, Sendable {
    /// The HTTP status.
    public let status: Int
    /// The media type of the body, if it has one.
    public let contentType: String?
    /// The first bytes of the body.
    public let body: [UInt8]
}

/// A response that a client received.
public struct ClientResponse: Sendable {
    /// The HTTP status.
    public var status: Int
    /// Header fields.
    public var headers: HeaderFields
    /// The body.
    public var body: ByteStream

    /// The maximum size of a body that is read at once, in bytes.
    private static let bodyLimit = 64 * 1024 * 1024

    /// Creates a response.
    public init(status: Int, headers: HeaderFields, body: ByteStream) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    private var contentType: String? { headers["Content-Type"] }

    /// The error for a response that the contract does not declare: a `Problem` if the body is one.
    public func unexpected() async throws -> any Error {
        let bytes = try await body.collect(upTo: Self.bodyLimit)
        if contentType.map(MediaType.essence) == "application/problem+json",
            let problem = Problem(body: bytes, status: status)
        {
            return problem
        }
        return UnexpectedResponse(status: status, contentType: contentType, body: Array(bytes.prefix(4096)))
    }

    /// The index of the body's media type in `mediaTypes`.
    public func mediaType(among mediaTypes: [String]) -> Int? { MediaType.place(of: contentType, among: mediaTypes) }

    // MARK: - Bodies

    /// Reads a JSON body.
    public func json<Body: JSONReadable>(as type: Body.Type) async throws -> Body {
        try await json { (json: inout JSONReader) throws(JSONSyntaxError) in try Body(from: &json) }
    }

    /// Reads a JSON body with `value`.
    public func json<Body>(rule: Rule? = nil, _ value: JSONReading<Body>) async throws -> Body {
        let bytes = try await body.collect(upTo: Self.bodyLimit)
        return try JSONReader.read(bytes, direction: .response, rule: rule, value)
    }

    /// Reads a form.
    public func form<Body: JSONReadable>(shape: TextShape, as type: Body.Type) async throws -> Body {
        try await form(shape: shape) { (json: inout JSONReader) throws(JSONSyntaxError) in try Body(from: &json) }
    }

    /// Reads a form with `value`.
    public func form<Body>(shape: TextShape, rule: Rule? = nil, _ value: JSONReading<Body>) async throws -> Body {
        let bytes = try await body.collect(upTo: Self.bodyLimit)
        return try JSONReader.read(FormBody.json(of: bytes, shape: shape), direction: .response, rule: rule, value)
    }

    /// Reads a multipart body.
    public func multipart<Body: JSONReadable>(shape: TextShape, as type: Body.Type) async throws -> Body {
        try await multipart(shape: shape) { (json: inout JSONReader) throws(JSONSyntaxError) in try Body(from: &json) }
    }

    /// Reads a multipart body with `value`.
    public func multipart<Body>(shape: TextShape, rule: Rule? = nil, _ value: JSONReading<Body>) async throws
        -> Body
    {
        let bytes = try await body.collect(upTo: Self.bodyLimit)
        let json = try Multipart.json(of: bytes, contentType: contentType ?? "", shape: shape)
        return try JSONReader.read(json, direction: .response, rule: rule, value)
    }

    /// Reads text.
    public func text<Body: JSONReadable>(as type: Body.Type) async throws -> Body {
        try await text { (json: inout JSONReader) throws(JSONSyntaxError) in try Body(from: &json) }
    }

    /// Reads text as a JSON string with `value`.
    public func text<Body>(rule: Rule? = nil, _ value: JSONReading<Body>) async throws -> Body {
        let bytes = try await body.collect(upTo: Self.bodyLimit)
        return try JSONReader.read(
            JSONWriter.write(String(decoding: bytes, as: UTF8.self)),
            direction: .response,
            rule: rule,
            value
        )
    }

    /// Reads bytes.
    public func bytes() async throws -> Bytes { Bytes(try await body.collect(upTo: Self.bodyLimit)) }

    /// Reads JSON texts, one per line, as they arrive.
    public func lines<Element: JSONReadable & Sendable>(as type: Element.Type) -> JSONLines<Element> { JSONLines(body) }

    /// Reads JSON texts, one per line, with `value` as they arrive.
    public func lines<Element: Sendable>(rule: Rule? = nil, _ value: @escaping JSONReading<Element>) -> JSONLines<
        Element
    > {
        JSONLines(body, rule: rule, value)
    }

    /// Reads events as they arrive.
    public func events<Payload: JSONReadable & Sendable>(as type: Payload.Type) -> ServerEvents<Payload> {
        ServerEvents(body)
    }

    /// Reads events as they arrive. `value` reads their data.
    public func events<Payload: Sendable>(
        rule: Rule? = nil,
        _ value: @escaping JSONReading<Payload>
    ) -> ServerEvents<Payload> {
        ServerEvents(body, rule: rule, value)
    }

    // MARK: - Headers

    /// Reads a header field; nil if it is absent.
    public func header<Value: JSONReadable>(_ parameter: ParameterDescription, as type: Value.Type) throws -> Value? {
        try header(parameter) { (json: inout JSONReader) throws(JSONSyntaxError) in try Value(from: &json) }
    }

    /// Reads a header field with `value`; nil if it is absent.
    public func header<Value>(
        _ parameter: ParameterDescription,
        rule: Rule? = nil,
        _ value: JSONReading<Value>
    ) throws -> Value? {
        let texts = ParameterText.Source.values(headers.values(of: parameter.name))
        guard let json = try ParameterText.json(of: parameter, texts: texts) else { return nil }
        return try JSONReader.read(json, direction: .response, rule: rule, value)
    }

    /// Reads a required header field.
    public func required<Value>(_ value: Value?, _ name: String) throws -> Value {
        guard let value else {
            throw InvalidInput(violations: [
                Violation(
                    pointer: "/header/\(JSONLocator.escape(name))",
                    keyword: "required",
                    message: "\"\(name)\" is missing"
                )
            ])
        }
        return value
    }
}
