/// A generated operation: its input and its output.
public protocol ContractOperation {
    /// The parameters and the body of a request.
    associatedtype Input: OperationInput
    /// The response.
    associatedtype Output: OperationOutput
}

/// The input of an operation, which a server reads and a client sends.
public protocol OperationInput: Sendable {
    /// Reads and validates a request. The thrown problem lists all violations.
    init(_ request: Request) throws(Problem)

    /// The HTTP request that a client sends.
    var request: ClientRequest { get }
}

/// The output of an operation, which a server sends and a client reads.
public protocol OperationOutput: Sendable {
    /// The HTTP response that the server sends.
    var response: Response { get }

    /// Reads and validates a response. An undeclared response is thrown, as a `Problem` if it is one.
    init(_ response: ClientResponse) async throws
}

extension ContractOperation {
    /// Sends the input over a transport and reads the response.
    ///
    /// - Parameter url: The URL of the receiver, if it is known only at run time.
    public static func send(
        _ input: Input,
        over transport: some Transport,
        to url: String? = nil
    ) async throws -> Output {
        var request = input.request
        if let url { request = request.addressed(to: url) }
        let response = try await transport.send(request)
        return try await Output(response)
    }
}

/// Selects the responses that are validated before they are sent.
public enum ResponseValidation: Hashable, Sendable {
    /// None: types ensure valid responses, except for constraints.
    case off
    /// This share of the responses, 0…1.
    case sampled(Double)
    /// All responses.
    case always

    /// The response for an output of a handler, after its validation if that is due.
    public func answer<Output: OperationOutput>(_ output: Output) async throws(Problem) -> Response {
        let response = output.response
        if isDue { try await Self.check(response, as: Output.self) }
        return response
    }

    /// Validates a response by reading it as a client would. A stream is not read, because reading would consume it.
    private static func check<Output: OperationOutput>(
        _ response: Response,
        as output: Output.Type
    ) async throws(Problem) {
        let (content, mediaType) = response.body.encoded(for: .response)
        guard case .bytes(let bytes) = content else { return }
        var headers = response.headers
        if let mediaType { headers.add("Content-Type", mediaType) }
        do {
            _ = try await Output(ClientResponse(status: response.status, headers: headers, body: ByteStream(bytes)))
        } catch {
            // Pointers and keywords only: the values may be confidential.
            let places = (error as? InvalidInput)?.violations.prefix(5).map { "\($0.pointer) (\($0.keyword))" } ?? []
            let detail = "the response violates the contract at \(places.joined(separator: ", "))"
            throw Problem(status: 500, code: "RESPONSE_INVALID", detail: detail)
        }
    }

    private var isDue: Bool {
        switch self {
        case .off: false
        case .sampled(let share): Double.random(in: 0..<1) < share
        case .always: true
        }
    }
}
