/// An error response, sent as `application/problem+json` (RFC 9457).
public struct Problem: Error, Hashable, Sendable {
    /// The HTTP status.
    public var status: Int
    /// A stable code in upper snake case, for programs.
    public var code: String
    /// The details of this occurrence, for people.
    public var detail: String
    /// For status 422: the violations.
    public var errors: [Violation]
    /// The delay before a retry can succeed, in seconds. It is sent as `Retry-After`.
    public var retryAfterSeconds: Int?
    /// The time of the server's clock, for problems with the time of a request.
    public var serverTime: Timestamp?
    /// Further members of the body. Their names differ from those above.
    // traps: the names are the handlers' own, in ASCII.
    public var members: [String: JSONObject]

    /// Creates a problem.
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

    /// 422 for input that violates its schema.
    public init(_ input: InvalidInput) {
        let isSyntax = input.violations.first?.keyword == "syntax"
        let count = input.violations.count
        self.init(
            status: 422,
            code: isSyntax ? "MALFORMED_JSON" : "VALIDATION_FAILED",
            detail: isSyntax
                ? "the body is not JSON" : "the request violates its schema in \(count) place\(count == 1 ? "" : "s")",
            errors: input.violations
        )
    }

    /// Reads the body of a response; nil if it is not a problem.
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

    /// The body, with the id of the request.
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
    /// Writes a member whose name is known only at run time.
    mutating func member(dynamic name: String, _ value: some JSONWritable) {
        string(name)
        colon()
        value.write(to: &self)
    }
}

/// The reason phrases of RFC 9110, section 15, for the `title` of problems.
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
