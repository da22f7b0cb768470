import Generated
import Synchronization

/// A rejected attempt, with the properties that distinguish kinds of rejections. It may also be another event of which there can be a flood.
struct Rejection: Hashable, Sendable {
    let actor: String
    let action: AuditAction
    let targetType: AuditTarget
    var targetID: String
    /// The problem's code; nil if nothing was rejected.
    var code: ProblemCode?
    /// The client's address, if known.
    var address: String?
    /// Whether the actor was authenticated. Only authenticated actors get an entry for each attempt.
    var isKnown = false
    var result = AuditResult.rejected

    /// Replaces the targets of rejections that are counted together.
    static let manyTargets = "*"

    /// The same rejection for any target and any address.
    fileprivate var general: Rejection {
        var rejection = self
        // Callers cannot choose the name of a rejected operation, so it is kept.
        if targetType != .operation { rejection.targetID = Self.manyTargets }
        rejection.address = nil
        return rejection
    }
}

/// Decides which rejections get their own audit entry, and counts the others, so that a flood writes a limited number of entries and no
/// rejection is lost.
///
/// Time is divided into windows. In each window, the first rejection of a kind gets its own entry; an authenticated actor gets up to a
/// hundred. The others become one entry per kind at the end of the window.
final class RejectionLog: Sendable {
    /// The length of a window.
    static let window = Duration.seconds(60)
    /// The maximum number of kinds per window; further ones are distinguished only by actor, action and code.
    static let kinds = 50
    /// The maximum number of own entries of an authenticated actor per window.
    static let entriesOfKnown = 100

    private struct State {
        var start = ContinuousClock.now
        /// The number of rejections of each kind in this window.
        var seen: [Rejection: Int] = [:]
        /// The number of rejections of each kind that wait for their common entry.
        var waiting: [Rejection: Int] = [:]
    }

    private let state = Mutex(State())

    /// Whether a rejection gets its own entry; otherwise it is counted.
    func admits(_ rejection: Rejection) -> Bool {
        state.withLock { state in
            var kind = rejection.isKnown ? rejection.general : rejection
            if state.seen[kind] == nil, state.seen.count >= Self.kinds { kind = rejection.general }
            let count = state.seen[kind, default: 0]
            state.seen[kind] = count + 1
            if count < (rejection.isKnown ? Self.entriesOfKnown : 1) { return true }
            state.waiting[kind, default: 0] += 1
            return false
        }
    }

    /// Removes and returns the counted rejections once the window has ended.
    ///
    /// - Parameter isLast: Whether the server is shutting down, which ends the window.
    func take(isLast: Bool = false, now: ContinuousClock.Instant = .now) -> [(rejection: Rejection, count: Int)] {
        state.withLock { state in
            guard isLast || now - state.start >= Self.window else { return [] }
            let taken = state.waiting
            state = State()
            return taken.map { ($0.key, $0.value) }
        }
    }

    /// Adds rejections that could not be stored to the current counts.
    func putBack(_ rejection: Rejection, count: Int) {
        state.withLock { $0.waiting[rejection, default: 0] += count }
    }
}
