import ContractRuntime
import Generated
import NIOCore
import NIOHTTP1
import Synchronization

/// The application behind a listener.
protocol Responder: Sendable {
    /// Accepts or rejects a request before its body is read.
    func admit(_ head: HTTPRequestHead, from client: Client) -> Admission

    /// Responds to an admitted request.
    func respond(to request: AdmittedRequest, body: [UInt8]) async -> Answer
}

/// The result of checking a request's head.
enum Admission {
    case admitted(AdmittedRequest)
    case refused(Answer)
}

/// A request with a known route and an authorized caller.
struct AdmittedRequest {
    let id: String
    /// The operation's maximum body size in bytes.
    var bodyLimit: Int?
    /// Whether it may use the reserved database connections, which agents must not exhaust.
    var usesReserve = false
    let action: @Sendable (_ body: [UInt8]) async -> Answer
}

/// A response with its header fields, ready to be written.
struct Answer {
    var status: HTTPResponseStatus
    var headers: HTTPHeaders
    var body: MessageBody.Content

    /// A response that browsers must not sniff and that no cache may store.
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
        // A stream has no known length, so it is sent in chunks (RFC 9112, section 7.1).
        case .stream: headers.add(name: "Transfer-Encoding", value: "chunked")
        }
    }

    /// Converts an operation's response.
    init(_ response: Response, requestID: String) {
        let (content, mediaType) = response.body.encoded(for: .response)
        self.init(status: response.status, contentType: mediaType, body: content, requestID: requestID)
        for field in response.headers { headers.replaceOrAdd(name: field.name, value: HeaderText.safe(field.value)) }
    }

    /// Converts a problem. No other code serializes problems.
    init(_ problem: Problem, requestID: String) {
        self.init(
            status: problem.status,
            contentType: "application/problem+json",
            body: problem.body(requestID: requestID),
            requestID: requestID
        )
        if let seconds = problem.retryAfterSeconds { headers.add(name: "Retry-After", value: String(seconds)) }
    }

    /// The status line and the header fields including the empty line (RFC 9112, sections 4 and 5), with room for a body in one piece.
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
    static let notFound = Problem(status: 404, code: .notFound, detail: "the path does not exist")
    static let methodNotAllowed = Problem(
        status: 405,
        code: .methodNotAllowed,
        detail: "the path does not support this method"
    )
    static let tooManyConnections = Problem(
        status: 503,
        code: .tooManyConnections,
        detail:
            "too many connections are open from this address or in total; close some or retry after the given delay",
        retryAfterSeconds: 5
    )
    static let tooManyUnreadAnswers = Problem(
        status: 503,
        code: .tooManyUnreadAnswers,
        detail: "too much response data is unread by clients; retry after the given delay",
        retryAfterSeconds: 5
    )
    static let tooManyBodies = Problem(
        status: 503,
        code: .tooManyBodies,
        detail: "the memory for request bodies is exhausted; retry after the given delay",
        retryAfterSeconds: 5
    )
    static let malformedRequest = Problem(
        status: 400,
        code: .malformedRequest,
        detail: "the request is not HTTP/1.1"
    )

    /// 413
    static func contentTooLarge(_ limit: Int) -> Problem {
        Problem(status: 413, code: .contentTooLarge, detail: "the body is larger than \(limit) bytes")
    }

    /// 431
    static func headTooLarge(_ limits: HTTPLimits) -> Problem {
        Problem(
            status: 431,
            code: .headerFieldsTooLarge,
            detail: "the header fields are larger than \(limits.head) bytes"
        )
    }

    /// 414
    static func uriTooLong(_ limits: HTTPLimits) -> Problem {
        Problem(status: 414, code: .uriTooLong, detail: "the target is longer than \(limits.target) bytes")
    }

    /// 408
    static func requestTimeout(_ limits: HTTPLimits) -> Problem {
        Problem(status: 408, code: .requestTimeout, detail: "the body did not arrive within \(limits.bodyTime)")
    }
}

/// Limits for the data and the time that one connection may use.
struct HTTPLimits: Sendable {
    /// Bytes of all header fields.
    var head = 32 * 1024
    /// Bytes of the request target.
    var target = 8 * 1024
    /// Bytes of a body.
    var body = 1024 * 1024
    /// From the complete request to the end of its last database call. Time that operations add themselves is not included.
    var answerTime = Duration.milliseconds(1_800)
    /// From the first to the last byte of a head.
    var headTime = Duration.seconds(10)
    /// From the head to the last byte of the body.
    var bodyTime = Duration.seconds(30)
    /// The time within which a client that must read has to make progress.
    var sendTime = Duration.seconds(30)
    /// Between two requests.
    var idleTime = Duration.seconds(75)
}

/// The id that identifies a request in the log.
enum RequestID {
    /// The client's `X-Request-ID` if it is short and printable, else a random id.
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

    /// A unique number of a sequence with a random start. This avoids a system call for random numbers.
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
