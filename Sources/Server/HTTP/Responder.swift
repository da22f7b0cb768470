import ContractRuntime
import NIOCore
import NIOHTTP1
import Synchronization

/// What a listener serves.
protocol Responder: Sendable {
    /// Decides on a request before its body is read.
    func admit(_ head: HTTPRequestHead, from client: Client) -> Admission

    /// Answers an admitted request.
    func respond(to request: AdmittedRequest, body: [UInt8]) async -> Answer
}

/// Whether a request's body is worth reading.
enum Admission {
    case admitted(AdmittedRequest)
    case refused(Answer)
}

/// A request whose route is found and whose caller is known.
struct AdmittedRequest {
    let id: String
    /// The operation's own limit for the body, in bytes.
    var bodyLimit: Int?
    /// Whether it is an operator's: agents must not be able to use up the database connections that it needs.
    var usesReserve = false
    let action: @Sendable (_ body: [UInt8]) async -> Answer
}

/// An answer with its header fields, ready to be written.
struct Answer {
    var status: HTTPResponseStatus
    var headers: HTTPHeaders
    var body: MessageBody.Content

    /// Nothing that a browser or a cache may guess or keep.
    init(status: Int, contentType: String?, body: [UInt8], requestID: String) {
        self.init(status: status, contentType: contentType, body: .bytes(body), requestID: requestID)
    }

    private init(status: Int, contentType: String?, body: MessageBody.Content, requestID: String) {
        self.status = HTTPResponseStatus(statusCode: status)
        self.body = body
        headers = HTTPHeaders()
        headers.reserveCapacity(8)
        headers.add(name: "Date", value: DateHeader.now)
        headers.add(name: "X-Request-ID", value: requestID)
        headers.add(name: "X-Content-Type-Options", value: "nosniff")
        headers.add(name: "Cache-Control", value: "no-store")
        if let contentType { headers.add(name: "Content-Type", value: contentType) }
        guard status != 204 else { return }
        switch body {
        case .bytes(let bytes): headers.add(name: "Content-Length", value: String(bytes.count))
        // It has no length: it is sent in chunks (RFC 9112, section 7.1).
        case .stream: headers.add(name: "Transfer-Encoding", value: "chunked")
        }
    }

    /// What an operation answered.
    init(_ response: Response, requestID: String) {
        let (content, mediaType) = response.body.encoded(for: .response)
        self.init(status: response.status, contentType: mediaType, body: content, requestID: requestID)
        for field in response.headers { headers.replaceOrAdd(name: field.name, value: HeaderText.safe(field.value)) }
    }

    /// The only place where a problem becomes bytes.
    init(_ problem: Problem, requestID: String) {
        self.init(
            status: problem.status,
            contentType: "application/problem+json",
            body: problem.body(requestID: requestID),
            requestID: requestID
        )
        if let seconds = problem.retryAfterSeconds { headers.add(name: "Retry-After", value: String(seconds)) }
    }

    /// The status line and the header fields, up to the empty line (RFC 9112, sections 4 and 5), with room for a body in one piece.
    func head(_ allocator: ByteBufferAllocator) -> ByteBuffer {
        let length = if case .bytes(let bytes) = body { bytes.count } else { 0 }
        var buffer = allocator.buffer(capacity: 384 + length)
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeString(String(status.code))
        buffer.writeStaticString(" ")
        buffer.writeString(status.reasonPhrase)
        for field in headers {
            buffer.writeStaticString("\r\n")
            buffer.writeString(field.name)
            buffer.writeStaticString(": ")
            buffer.writeString(field.value)
        }
        buffer.writeStaticString("\r\n\r\n")
        return buffer
    }
}

extension Problem {
    static let notFound = Problem(status: 404, code: "NOT_FOUND", detail: "there is nothing at this path")
    static let methodNotAllowed = Problem(
        status: 405,
        code: "METHOD_NOT_ALLOWED",
        detail: "the path does not support this method"
    )
    static let tooManyConnections = Problem(
        status: 503,
        code: "TOO_MANY_CONNECTIONS",
        detail:
            "too many connections are open from this address or in total; close some or retry after the given delay",
        retryAfterSeconds: 5
    )
    static let tooManyUnreadAnswers = Problem(
        status: 503,
        code: "TOO_MANY_UNREAD_ANSWERS",
        detail: "clients have not read their answers, and there is no memory for more; retry after the given delay",
        retryAfterSeconds: 5
    )
    static let tooManyBodies = Problem(
        status: 503,
        code: "TOO_MANY_BODIES",
        detail: "the server holds as many request bodies as it has memory for; retry after the given delay",
        retryAfterSeconds: 5
    )
    static let malformedRequest = Problem(
        status: 400,
        code: "MALFORMED_REQUEST",
        detail: "the request is not HTTP/1.1"
    )

    /// 413
    static func contentTooLarge(_ limit: Int) -> Problem {
        Problem(status: 413, code: "CONTENT_TOO_LARGE", detail: "the body is larger than \(limit) bytes")
    }

    /// 431
    static func headTooLarge(_ limits: HTTPLimits) -> Problem {
        Problem(
            status: 431,
            code: "HEADER_FIELDS_TOO_LARGE",
            detail: "the header fields are larger than \(limits.head) bytes"
        )
    }

    /// 414
    static func uriTooLong(_ limits: HTTPLimits) -> Problem {
        Problem(status: 414, code: "URI_TOO_LONG", detail: "the target is longer than \(limits.target) bytes")
    }

    /// 408
    static func requestTimeout(_ limits: HTTPLimits) -> Problem {
        Problem(status: 408, code: "REQUEST_TIMEOUT", detail: "the body did not arrive within \(limits.bodyTime)")
    }
}

/// The bounds of what a client may make a connection hold, and for how long.
struct HTTPLimits: Sendable {
    /// Bytes of all header fields together.
    var head = 32 * 1024
    /// Bytes of the request target.
    var target = 8 * 1024
    /// Bytes of a body.
    var body = 1024 * 1024
    /// From the whole request until the last of its database calls ends; what operations ask for by themselves comes on top.
    var answerTime = Duration.milliseconds(1_800)
    /// From the first byte of a head to its last.
    var headTime = Duration.seconds(10)
    /// From the head to the body's last byte.
    var bodyTime = Duration.seconds(30)
    /// From one look to the next at a client that has to read: it must have read something in between.
    var sendTime = Duration.seconds(30)
    /// Between two requests.
    var idleTime = Duration.seconds(75)
}

/// The id by which a request is found in the log.
enum RequestID {
    /// The client's own `X-Request-ID` when it is short and printable, or a random one.
    static func of(_ head: HTTPRequestHead) -> String {
        if let id = head.headers.first(name: "X-Request-ID"), !id.isEmpty, id.utf8.count <= 64,
            id.utf8.allSatisfy({
                $0.isLetterOrDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
            })
        {
            return id
        }
        return random()
    }

    private static let first = UInt64.random(in: 0 ... .max)
    private static let count = Atomic<UInt64>(0)

    /// Another number each time, of a sequence that begins anywhere: the generator of the system costs a call into it.
    static func random() -> String {
        // SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
        var number = first &+ count.wrappingAdd(1, ordering: .relaxed).newValue &* 0x9E37_79B9_7F4A_7C15
        number = (number ^ (number >> 30)) &* 0xBF58_476D_1CE4_E5B9
        number = (number ^ (number >> 27)) &* 0x94D0_49BB_1331_11EB
        number ^= number >> 31
        return String(unsafeUninitializedCapacity: 16) { text in
            for place in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: number >> UInt64(60 - 4 * place)) & 0xF
                text[place] = digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
            }
            return 16
        }
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}
