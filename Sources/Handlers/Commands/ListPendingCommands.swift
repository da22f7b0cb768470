public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func listPendingCommands(
        _ input: ListPendingCommands.Input
    ) async throws(Problem) -> ListPendingCommands.Output {
        try await require(input.principal, actsFor: input.instanceID)
        let deadline = ContinuousClock.now + Self.patience(input.wait)
        let credential = RequestClient.current?.credential
        while true {
            let ticket = waiters.enter(input.instanceID, holding: credential, until: deadline)
            let commands: [Command]
            do throws(Problem) {
                commands = try await pendingCommands(for: input.instanceID)
            } catch {
                waiters.leave(ticket)
                throw error
            }
            guard commands.isEmpty, ContinuousClock.now < deadline, !waiters.isClosed, !Task.isCancelled else {
                waiters.leave(ticket)
                return .ok(commands)
            }
            await waiters.wait(ticket)
            // The token may have ended while the poll waited.
            try await Self.withFreshDeadline { () async throws(Problem) in try await requireValid(credential) }
        }
    }

    private func pendingCommands(for instanceID: String) async throws(Problem) -> [Command] {
        try await Self.withFreshDeadline { () async throws(Problem) in try await deliverCommands(to: instanceID) }
    }

    /// Each query has its own deadline, because the poll may have waited for a minute.
    private static func withFreshDeadline<R>(_ query: () async throws(Problem) -> R) async throws(Problem) -> R {
        try await RequestScope.within(.milliseconds(1_800), query)
    }

    /// Parses `55s` or `55`; the contract allows nothing else.
    private static func patience(_ wait: String?) -> Duration {
        .seconds(wait.flatMap { Int($0.filter(\.isNumber)) } ?? 0)
    }
}
