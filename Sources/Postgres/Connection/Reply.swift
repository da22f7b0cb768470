import Synchronization

/// The answer to one call, given once: by the connection, or at the deadline, whichever comes first.
final class Reply<Value: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Result<Value, PostgresError>, Never>?>

    init(_ continuation: CheckedContinuation<Result<Value, PostgresError>, Never>) {
        self.continuation = Mutex(continuation)
    }

    /// Answers the call unless it was already answered.
    func give(_ result: Result<Value, PostgresError>) {
        let waiting = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        waiting?.resume(returning: result)
    }
}
