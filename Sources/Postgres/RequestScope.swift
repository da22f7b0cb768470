/// The deadline and privilege that all database calls of one request share. It is a task-local value, so operations need not pass it on.
public struct RequestScope: Sendable {
    @TaskLocal static var current: RequestScope?

    /// The end of the last call.
    let deadline: ContinuousClock.Instant
    /// Whether the calls may use reserved connections.
    let usesReserve: Bool

    /// Runs `body`. All its database calls together end within `limit`.
    ///
    /// - Parameter usesReserve: Whether the calls may use reserved connections; nil to keep the caller's setting.
    public static func within<R, Failure: Error>(
        _ limit: Duration,
        usesReserve: Bool? = nil,
        _ body: () async throws(Failure) -> R
    ) async throws(Failure) -> R {
        let scope = RequestScope(
            deadline: .now + limit,
            usesReserve: usesReserve ?? current?.usesReserve ?? false
        )
        return try await $current.withValue(scope) { () async -> Result<R, Failure> in
            do throws(Failure) { return .success(try await body()) } catch { return .failure(error) }
        }.get()
    }
}
