/// Reads and checks the parameters and body of a request, and collects all violations.
///
/// The text of a parameter is converted to JSON by its style and shape, then read by the codec of a body. Generated code reads each
/// parameter and the body in turn, and throws `problem` if not `isValid`.
public struct ParameterReader: ~Copyable {
    private let request: Request
    private let query: [FormField]
    private var violations: [Violation] = []
    private var otherProblem: Problem?

    /// Creates a reader for `request`.
    public init(_ request: Request) {
        self.request = request
        query = FormField.fields(of: request.query)
    }

    /// Whether there is no violation so far.
    public var isValid: Bool { violations.isEmpty && otherProblem == nil }

    /// The problem for the violations: 422 with all of them, or 415.
    public var problem: Problem { otherProblem ?? Problem(InvalidInput(violations: violations)) }

    // MARK: - Parameters

    /// Reads a parameter whose type needs no further checks.
    public mutating func read<Value: JSONReadable>(_ parameter: ParameterDescription, as type: Value.Type) -> Value? {
        read(parameter) { (json: inout JSONReader) throws(JSONSyntaxError) in try Value(from: &json) }
    }

    /// Reads a parameter with `value`; nil if it is absent or invalid.
    public mutating func read<Value>(
        _ parameter: ParameterDescription,
        rule: Rule? = nil,
        _ value: (inout JSONReader) throws(JSONSyntaxError) -> Value?
    ) -> Value? {
        do throws(Violation) {
            guard let json = try ParameterText.json(of: parameter, texts: try texts(of: parameter)) else {
                if parameter.isRequired {
                    reject(
                        Violation(
                            pointer: parameter.pointer,
                            keyword: "required",
                            message: "\"\(parameter.name)\" is missing"
                        )
                    )
                }
                return nil
            }
            return read(json, at: parameter.pointer, rule, value)
        } catch {
            reject(error)
            return nil
        }
    }

    /// The raw texts of a parameter; empty if it is absent.
    private func texts(of parameter: ParameterDescription) throws(Violation) -> ParameterText.Source {
        switch parameter.place {
        case .path: .text(request.pathParameters[parameter.index])
        case .query: .fields(query)
        case .header: .values(request.headers.values(of: parameter.name))
        case .cookie: .fields(request.headers.values(of: "Cookie").flatMap { FormField.cookies(of: $0) })
        }
    }

    // MARK: - Bodies

    /// Whether there is a body.
    public var hasBody: Bool { !request.body.isEmpty }

    /// The index of the body's media type in `mediaTypes`. Without a Content-Type it is the first one.
    public mutating func mediaType(among mediaTypes: [String]) -> Int? {
        let field = request.headers["Content-Type"]
        if let place = MediaType.place(of: field, among: mediaTypes) { return place }
        otherProblem = .unsupportedMediaType(mediaTypes)
        return nil
    }

    /// Reads a JSON body.
    public mutating func json<Body: JSONReadable>(as type: Body.Type) -> Body? {
        json { (json: inout JSONReader) throws(JSONSyntaxError) in try Body(from: &json) }
    }

    /// Reads a JSON body with `value`.
    public mutating func json<Body>(
        rule: Rule? = nil,
        _ value: (inout JSONReader) throws(JSONSyntaxError) -> Body?
    ) -> Body? {
        read(request.body, at: "", rule, value)
    }

    /// Reads an `application/x-www-form-urlencoded` body.
    public mutating func form<Body: JSONReadable>(shape: TextShape, as type: Body.Type) -> Body? {
        form(shape: shape) { (json: inout JSONReader) throws(JSONSyntaxError) in try Body(from: &json) }
    }

    /// Reads an `application/x-www-form-urlencoded` body with `value`.
    public mutating func form<Body>(
        shape: TextShape,
        rule: Rule? = nil,
        _ value: (inout JSONReader) throws(JSONSyntaxError) -> Body?
    ) -> Body? {
        do throws(Violation) {
            return read(try FormBody.json(of: request.body, shape: shape), at: "", rule, value)
        } catch {
            reject(error)
            return nil
        }
    }

    /// Reads a multipart body.
    public mutating func multipart<Body: JSONReadable>(shape: TextShape, as type: Body.Type) -> Body? {
        multipart(shape: shape) { (json: inout JSONReader) throws(JSONSyntaxError) in try Body(from: &json) }
    }

    /// Reads a multipart body with `value`.
    public mutating func multipart<Body>(
        shape: TextShape,
        rule: Rule? = nil,
        _ value: (inout JSONReader) throws(JSONSyntaxError) -> Body?
    ) -> Body? {
        let field = request.headers["Content-Type"] ?? ""
        do throws(Violation) {
            return read(try Multipart.json(of: request.body, contentType: field, shape: shape), at: "", rule, value)
        } catch {
            reject(error)
            return nil
        }
    }

    /// Reads a text body.
    public mutating func text<Body: JSONReadable>(as type: Body.Type) -> Body? {
        text { (json: inout JSONReader) throws(JSONSyntaxError) in try Body(from: &json) }
    }

    /// Reads a text body as a JSON string with `value`.
    public mutating func text<Body>(
        rule: Rule? = nil,
        _ value: (inout JSONReader) throws(JSONSyntaxError) -> Body?
    ) -> Body? {
        guard let text = String(validating: request.body, as: UTF8.self) else {
            reject(Violation(pointer: "", keyword: "syntax", message: "the body is not UTF-8"))
            return nil
        }
        return read(JSONWriter.write(text), at: "", rule, value)
    }

    /// Reads a body of bytes.
    public mutating func bytes() -> Bytes? { Bytes(request.body) }

    /// Reads a body of JSON texts, one per line, on demand.
    public mutating func lines<Element: JSONReadable & Sendable>(as type: Element.Type) -> JSONLines<Element>? {
        JSONLines(ByteStream(request.body))
    }

    /// Reads a body of JSON texts, one per line, with `value` on demand.
    public mutating func lines<Element: Sendable>(
        rule: Rule? = nil,
        _ value: @escaping JSONReading<Element>
    ) -> JSONLines<Element>? {
        JSONLines(ByteStream(request.body), rule: rule, value)
    }

    /// Reads a body of events.
    public mutating func events<Element: JSONReadable & Sendable>(as type: Element.Type) -> ServerEvents<Element>? {
        ServerEvents(ByteStream(request.body))
    }

    /// Reads a body of events on demand. `value` reads their data.
    public mutating func events<Element: Sendable>(
        rule: Rule? = nil,
        _ value: @escaping JSONReading<Element>
    ) -> ServerEvents<Element>? {
        ServerEvents(ByteStream(request.body), rule: rule, value)
    }

    // MARK: - Violations

    private mutating func read<Value>(
        _ json: [UInt8],
        at pointer: String,
        _ rule: Rule?,
        _ value: (inout JSONReader) throws(JSONSyntaxError) -> Value?
    ) -> Value? {
        do throws(InvalidInput) {
            return try JSONReader.read(json, direction: .request, rule: rule, value)
        } catch {
            for var violation in error.violations {
                violation.pointer = pointer + violation.pointer
                reject(violation)
            }
            return nil
        }
    }

    private mutating func reject(_ violation: Violation) {
        if violations.count < Violation.limit { violations.append(violation) }
    }
}
