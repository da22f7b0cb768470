import ContractRuntime
import Generated

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
    static let tooManyUnreadResponses = Problem(
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
