import ContractRuntime
import Generated
import Synchronization

/// The last verification of the audit log. It reads the whole log, so it runs on request, once at a time, and not with each view of
/// the page.
final class AuditVerifier: Sendable {
    private struct State {
        var last: (verification: AuditVerification, at: Timestamp)?
        var isRunning = false
    }

    private let state = Mutex(State())

    /// The last verification and when it ended; nil before the first.
    var last: (verification: AuditVerification, at: Timestamp)? { state.withLock { $0.last } }

    /// Whether one runs now.
    var isRunning: Bool { state.withLock { $0.isRunning } }

    /// Runs a verification unless one is running.
    func run(_ verify: () async throws(Problem) -> AuditVerification) async throws(Problem) {
        let mayRun = state.withLock { state in
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard mayRun else { return }
        do throws(Problem) {
            let verification = try await verify()
            state.withLock { $0 = State(last: (verification, .now)) }
        } catch {
            state.withLock { $0.isRunning = false }
            throw error
        }
    }
}
