import Synchronization

/// A refused attempt, as the audit log tells refusals apart.
struct Refusal: Hashable, Sendable {
    let actor: String
    let action: AuditAction
    let targetType: AuditTarget
    var targetID: String
    /// The code of the problem.
    let code: String
    /// Where it came from, if that is known.
    var address: String?
    /// Whether the actor proved who he is. Only those who did get an entry for each attempt.
    var isKnown = false

    /// Stands for the targets of refusals that are counted together.
    static let manyTargets = "*"

    /// The same with any target, from anywhere.
    fileprivate var general: Refusal {
        var refusal = self
        // Callers cannot choose the name of a refused operation, so it stays.
        if targetType != .operation { refusal.targetID = Self.manyTargets }
        refusal.address = nil
        return refusal
    }
}

/// Decides which refusals get an entry of their own in the audit log, and counts the others, so that a flood writes a bounded number of
/// entries and none of it is lost.
///
/// Time is cut into windows. The first refusal of a kind within a window has its own entry; a known actor has a hundred. The others become
/// one entry for each kind at the end of the window.
final class RefusalLog: Sendable {
    /// How long a window is.
    static let window = Duration.seconds(60)
    /// How many kinds are told apart within a window; those beyond are told apart by actor, action and code alone.
    static let kinds = 50
    /// How many entries of his own an actor who is known has within a window.
    static let entriesOfKnown = 100

    private struct State {
        var start = ContinuousClock.now
        /// How many of each kind were refused in this window.
        var seen: [Refusal: Int] = [:]
        /// How many of each kind wait for their common entry.
        var waiting: [Refusal: Int] = [:]
    }

    private let state = Mutex(State())

    /// Whether a refusal gets an entry of its own; otherwise it is counted.
    func admits(_ refusal: Refusal) -> Bool {
        state.withLock { state in
            var kind = refusal.isKnown ? refusal.general : refusal
            if state.seen[kind] == nil, state.seen.count >= Self.kinds { kind = refusal.general }
            let count = state.seen[kind, default: 0]
            state.seen[kind] = count + 1
            if count < (refusal.isKnown ? Self.entriesOfKnown : 1) { return true }
            state.waiting[kind, default: 0] += 1
            return false
        }
    }

    /// Takes what was counted, with its numbers, once the window is over.
    ///
    /// - Parameter isLast: Whether the server ends, so that the window ends too.
    func take(isLast: Bool = false, now: ContinuousClock.Instant = .now) -> [(refusal: Refusal, count: Int)] {
        state.withLock { state in
            guard isLast || now - state.start >= Self.window else { return [] }
            let taken = state.waiting
            state = State()
            return taken.map { ($0.key, $0.value) }
        }
    }

    /// Takes back what could not be stored.
    func putBack(_ refusal: Refusal, count: Int) {
        state.withLock { $0.waiting[refusal, default: 0] += count }
    }
}
