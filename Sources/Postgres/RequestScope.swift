/// The deadline and privilege that all database calls of one request share. It travels with the task, so that no operation has to pass it on.
public struct RequestScope: Sendable {
    @TaskLocal static var current: RequestScope?

    /// When the last of the calls ends.
    let deadline: ContinuousClock.Instant
    /// Whether the calls may use the connections that are reserved.
    let usesReserve: Bool

    /// Runs `body`, all of whose database calls together end within `limit`.
    ///
    /// - Parameter usesReserve: Whether the calls may use reserved connections; nil for what holds for the caller.
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
