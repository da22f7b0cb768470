import Synchronization

/// The version of the database's schema, once it is confirmed.
public final class SchemaState: Sendable {
    private let state = Mutex<Int?>(nil)
    private let confirmation = AsyncStream<Never>.makeStream()

    /// Creates an unconfirmed state.
    public init() {}

    /// The schema's version; nil until it is known to be migrated.
    public var version: Int? { state.withLock { $0 } }

    /// Records that the schema is migrated.
    public func confirm(version: Int) {
        state.withLock { $0 = version }
        confirmation.continuation.finish()
    }

    /// Returns once the schema is known to be migrated, or the task is cancelled. For one caller.
    public func waitUntilConfirmed() async {
        for await _ in confirmation.stream {}
    }
}
