import ContractRuntime
import Generated
import Synchronization

/// Verifies the audit log and keeps the last result. A verification reads the whole log, so it runs on request instead of with each page
/// view, and only one runs at a time.
final class AuditVerifier: Sendable {
    enum Status {
        case never
        /// This many sealed entries are verified so far.
        case running(sealed: Int)
        case done(AuditVerification, at: Timestamp)
        case failed(Problem)
    }

    private let state = Mutex(Status.never)

    var status: Status { state.withLock { $0 } }

    /// Starts a verification unless one is running. It verifies the first part of the log before it returns. The other parts are verified
    /// in the background, because the caller's request has a deadline.
    ///
    /// - Parameter part: Verifies the part of the log after this position.
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
            record(first)
            guard let next = first.next else { return }
            Task.detached { [self] in await finish(after: next, first, part) }
        } catch {
            state.withLock { $0 = .failed(error) }
            throw error
        }
    }

    private func finish(
        after position: Int,
        _ first: AuditVerification,
        _ part: @Sendable (_ after: Int) async throws(Problem) -> AuditVerification
    ) async {
        var (position, sealed, unprotected) = (position, first.sealed, first.unprotected ?? 0)
        do throws(Problem) {
            while true {
                var verification = try await part(position)
                sealed = sealed.addingSaturated(verification.sealed)
                verification.sealed = sealed
                unprotected = unprotected.addingSaturated(verification.unprotected ?? 0)
                verification.unprotected = unprotected
                record(verification)
                guard let next = verification.next else { return }
                position = next
            }
        } catch {
            state.withLock { $0 = .failed(error) }
        }
    }

    private func record(_ verification: AuditVerification) {
        let isDone = verification.next == nil
        state.withLock { $0 = isDone ? .done(verification, at: .now) : .running(sealed: verification.sealed) }
    }
}
