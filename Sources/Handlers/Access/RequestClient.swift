/// The client of a request: its address for the audit log, and its credential for streams that outlive the check of the request.
///
/// It is a task-local value, so operations need not pass it on. `API.transaction` sets it on the connection's thread, too.
public struct RequestClient: Sendable {
    @TaskLocal static var current: RequestClient?

    /// A credential that can end while a response is sent. Tokens of the configuration cannot.
    public enum Credential: Hashable, Sendable {
        /// A token in the database, by the SHA-256 of its secret.
        case token(hash: String)
        /// A session of the dashboard, by the SHA-256 of its secret.
        case session(hash: String)
    }

    let address: String
    let credential: Credential?

    /// - Parameters:
    ///   - address: The IP address.
    ///   - credential: The credential; nil if it cannot end.
    public init(address: String, credential: Credential?) {
        self.address = address
        self.credential = credential
    }

    /// Runs `body` on behalf of the client.
    public func call<R, Failure: Error>(_ body: () async throws(Failure) -> R) async throws(Failure) -> R {
        try await Self.$current.withValue(self) { () async -> Result<R, Failure> in
            do throws(Failure) { return .success(try await body()) } catch { return .failure(error) }
        }.get()
    }
}
