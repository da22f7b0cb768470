/// A generated operation: what it takes and what it answers.
public protocol ContractOperation {
    /// What a caller sends.
    associatedtype Input: OperationInput
    /// What is answered.
    associatedtype Output: OperationOutput
}

/// What the caller of an operation sends, seen from either end.
public protocol OperationInput: Sendable {
    /// Reads and validates a request; everything that is wrong with it is in one problem.
    init(_ request: Request) throws(Problem)

    /// The request as a client sends it.
    var request: ClientRequest { get }
}

/// What an operation answers, seen from either end.
public protocol OperationOutput: Sendable {
    /// The answer on the wire.
    var response: Response { get }

    /// Reads and validates an answer. One that the contract does not declare is thrown, as a `Problem` if it is one.
    init(_ response: ClientResponse) async throws
}

extension ContractOperation {
    /// Reads the request, runs the operation and encodes what it answers.
    public static func respond(
        to request: Request,
        validating validation: ResponseValidation = .off,
        with handler: (Input) async throws(Problem) -> Output
    ) async throws(Problem) -> Response {
        let response = try await handler(Input(request)).response
        if validation.isDue { try await check(response) }
        return response
    }

    /// Reads an answer again as a client would. A stream is left alone: reading it would use it up.
    private static func check(_ response: Response) async throws(Problem) {
        let (content, mediaType) = response.body.encoded(for: .response)
        guard case .bytes(let bytes) = content else { return }
        let headers = response.headers + (mediaType.map { [("Content-Type", $0)] } ?? [])
        do {
            _ = try await Output(ClientResponse(status: response.status, headers: headers, body: ByteStream(bytes)))
        } catch {
            // Places and keywords only: the values are the service's own.
            let places = (error as? InvalidInput)?.violations.prefix(5).map { "\($0.pointer) (\($0.keyword))" } ?? []
            let detail = "the answer breaks the contract at \(places.joined(separator: ", "))"
            throw Problem(status: 500, code: "RESPONSE_INVALID", detail: detail)
        }
    }

    /// Sends the input over a transport and reads what is answered.
    ///
    /// - Parameter url: The receiver's address, where it is known at run time only.
    public static func send(_ input: Input, over transport: some Transport, to url: String? = nil) async throws
        -> Output
    {
        let request = input.request
        return try await Output(transport.send(url.map(request.sent) ?? request))
    }
}

/// Which answers are read again and validated before they are sent.
public enum ResponseValidation: Hashable, Sendable {
    /// None: the types keep answers right but for their constraints.
    case off
    /// This share of them, 0…1.
    case sampled(Double)
    /// All of them.
    case always

    var isDue: Bool {
        switch self {
        case .off: false
        case .sampled(let share): Double.random(in: 0..<1) < share
        case .always: true
        }
    }
}
