import Synchronization

/// The hashes of tokens that were accepted lately. The database still decides on each of them; they only need not wait with guesses.
final class AcceptedTokens: Sendable {
    private struct State {
        // traps: hashes are hexadecimal, where texts that are equal have the same code points.
        var recent: Set<String> = []
        // traps: hashes are hexadecimal, where texts that are equal have the same code points.
        var older: Set<String> = []
    }

    /// How many are remembered at least. Of twice as many the older half is forgotten.
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
