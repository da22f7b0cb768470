import Synchronization

/// The hashes of recently accepted tokens. The database still validates them, but they are not delayed together with guesses.
final class AcceptedTokens: Sendable {
    private struct State {
        // traps: hashes are hexadecimal, where equal texts have the same code points.
        var recent: Set<String> = []
        // traps: hashes are hexadecimal, where equal texts have the same code points.
        var older: Set<String> = []
    }

    /// The minimum number of remembered hashes. At twice that number, the older half is dropped.
    private static let capacity = 20_000

    private let state = Mutex(State())

    func contains(_ hash: String) -> Bool {
        state.withLock { $0.recent.contains(hash) || $0.older.contains(hash) }
    }

    func insert(_ hash: String) {
        state.withLock { state in
            if state.recent.count >= Self.capacity {
                state.older = state.recent
                state.recent = []
            }
            state.recent.insert(hash)
        }
    }

    func remove(_ hash: String) {
        state.withLock { state in
            state.recent.remove(hash)
            state.older.remove(hash)
        }
    }
}
