import ContractRuntime
import NIOCore
import NIOHTTP1

/// A response with its header fields, in any version of HTTP.
struct ServerResponse {
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
        // A stream has no known length.
        guard status != 204, case .bytes(let bytes) = body else { return }
        headers.add(name: "Content-Length", value: String(bytes.count))
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
}

extension ServerResponse {
    /// The status line and the header fields including the empty line (RFC 9112, sections 4 and 5), with room for a body in one piece.
    ///
    /// - Parameter isLast: Whether the connection is closed afterwards.
    func head(_ allocator: ByteBufferAllocator, isLast: Bool) -> ByteBuffer {
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
        if case .stream = body { buffer.writeStaticString("\r\nTransfer-Encoding: chunked") }
        if isLast { buffer.writeStaticString("\r\nConnection: close") }
        buffer.writeStaticString("\r\n\r\n")
        return buffer
    }
}

extension ByteBuffer {
    /// One chunk of a stream, preceded by its length (RFC 9112, section 7.1).
    init(chunk: [UInt8]) {
        self.init()
        reserveCapacity(chunk.count + 16)
        writeString(String(chunk.count, radix: 16))
        writeStaticString("\r\n")
        writeBytes(chunk)
        writeStaticString("\r\n")
    }
}
