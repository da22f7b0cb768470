import ContractRuntime
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
