import ContractRuntime
import Generated
import Synchronization

/// The last verification of the audit log. It reads the whole log, so it runs on request, once at a time, and not with each view of
/// the page.
final class AuditVerifier: Sendable {
    enum Status {
        case never
        /// It has looked at so many entries.
        case running(sealed: Int)
        case done(AuditVerification, at: Timestamp)
        case failed(Problem)
    }

    private let state = Mutex(Status.never)

    var status: Status { state.withLock { $0 } }

    /// Runs a verification unless one is running. The first part of the log is verified on return. The others follow without the caller,
    /// whose request has a deadline.
    ///
    /// - Parameter part: Verifies the part of the log behind this position.
    func run(
        _ part: @escaping @Sendable (_ after: Int) async throws(Problem) -> AuditVerification
    ) async throws(Problem) {
        let mayRun = state.withLock { status in
            if case .running = status { return false }
            status = .running(sealed: 0)
            return true
        }
        guard mayRun else { return }
        do throws(Problem) {
            let first = try await part(0)
            note(first)
            guard let next = first.next else { return }
            Task.detached { [self] in await finish(after: next, sealed: first.sealed, part) }
        } catch {
            state.withLock { $0 = .failed(error) }
            throw error
        }
    }

    private func finish(
        after position: Int,
        sealed: Int,
        _ part: @Sendable (_ after: Int) async throws(Problem) -> AuditVerification
    ) async {
        var (position, sealed) = (position, sealed)
        do throws(Problem) {
            while true {
                var verification = try await part(position)
                sealed = sealed.addingSaturated(verification.sealed)
                verification.sealed = sealed
                note(verification)
                guard let next = verification.next else { return }
                position = next
            }
        } catch {
            state.withLock { $0 = .failed(error) }
        }
    }

    private func note(_ verification: AuditVerification) {
        let isDone = verification.next == nil
        state.withLock { $0 = isDone ? .done(verification, at: .now) : .running(sealed: verification.sealed) }
    }
}
