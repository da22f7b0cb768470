import Synchronization

/// What a server knows of its database's schema.
public final class SchemaState: Sendable {
    private let state = Mutex<Int?>(nil)

    /// Knows nothing yet.
    public init() {}

    /// The schema's version once it is known to be migrated; nil until then.
    public var version: Int? { state.withLock { $0 } }

    /// Notes that the schema is migrated.
    public func confirm(version: Int) {
        state.withLock { $0 = version }
    }
}
