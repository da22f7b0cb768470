/// A refused or failed request, answered as `application/problem+json` (RFC 9457).
public struct Problem: Error, Hashable, Sendable {
    /// The HTTP status.
    public var status: Int
    /// A stable name of what happened, in upper snake case: what programs compare.
    public var code: String
    /// What happened this time, for a person.
    public var detail: String
    /// For status 422: every violation that was found.
    public var errors: [Violation]
    /// What clears the way, in seconds; sent as `Retry-After`.
    public var retryAfterSeconds: Int?
    /// The time of the server's clock, for a refusal that is about it.
    public var serverTime: Timestamp?
    /// Further members of the body. Their names never collide with those above.
    // traps: the names are the handlers' own, in ASCII.
    public var members: [String: JSONObject]

    /// A problem with this status, code and detail.
    public init(
        status: Int,
        code: String,
        detail: String,
        errors: [Violation] = [],
        retryAfterSeconds: Int? = nil,
        members: [String: JSONObject] = [:]
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.retryAfterSeconds = retryAfterSeconds
        self.members = members
    }

    /// 422 for an input that its schema refuses.
    public init(_ input: InvalidInput) {
        let isSyntax = input.violations.first?.keyword == "syntax"
        let count = input.violations.count
        self.init(
            status: 422,
            code: isSyntax ? "MALFORMED_JSON" : "VALIDATION_FAILED",
            detail: isSyntax
                ? "the body is not JSON" : "the request breaks its schema in \(count) place\(count == 1 ? "" : "s")",
            errors: input.violations
        )
    }

    /// Reads the body of an answer; nil when it is no problem.
    init?(body: [UInt8], status: Int) {
        guard let value = JSONValue(body), case .object = value else { return nil }
        func text(_ name: String) -> String? {
            if case .string(let text)? = value[name] { text } else { nil }
        }
        var errors: [Violation] = []
        if case .array(let items)? = value["errors"] {
            errors = items.map { item in
                Violation(
                    pointer: item["pointer"]?.text ?? "",
                    keyword: item["keyword"]?.text ?? "",
                    message: item["message"]?.text ?? ""
                )
            }
        }
        let code = text("code") ?? text("type") ?? "about:blank"
        self.init(status: status, code: code, detail: text("detail") ?? text("title") ?? "", errors: errors)
    }

    /// The body, with the request's id in it.
    public func body(requestID: String) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("type", "about:blank")
        json.member("title", HTTPStatus.reason(status))
        json.member("status", status)
        json.member("detail", detail)
        json.member("code", code)
        json.member("request_id", requestID)
        if !errors.isEmpty { json.member("errors", errors) }
        if let serverTime { json.member("server_time", serverTime) }
        json.members(members)
        json.endObject()
        return json.bytes
    }
}

extension JSONWriter {
    /// A member whose name is known only at run time.
    mutating func member(dynamic name: String, _ value: some JSONWritable) {
        string(name)
        colon()
        value.write(to: &self)
    }
}

/// The reason phrases of RFC 9110, section 15, that this service sends as a problem's `title`.
enum HTTPStatus {
    static func reason(_ status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 503: "Service Unavailable"
        default: "Internal Server Error"
        }
    }
}
