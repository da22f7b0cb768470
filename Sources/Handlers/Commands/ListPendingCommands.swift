public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func listPendingCommands(
        _ input: ListPendingCommands.Input
    ) async throws(Problem) -> ListPendingCommands.Output {
        try input.principal.requireSubject(input.instanceID)
        let deadline = ContinuousClock.now + Self.patience(input.wait)
        while true {
            let ticket = waiters.enter(input.instanceID, until: deadline)
            let rows: [CommandRow]
            do throws(Problem) {
                rows = try await pendingCommands(for: input.instanceID)
            } catch {
                waiters.leave(ticket)
                throw error
            }
            guard rows.isEmpty, ContinuousClock.now < deadline, !waiters.isClosed, !Task.isCancelled else {
                waiters.leave(ticket)
                return .ok(rows.map { Command($0) })
            }
            await waiters.wait(ticket)
        }
    }

    /// Each query has its own deadline, because the poll may have waited for a minute.
    private func pendingCommands(for instanceID: String) async throws(Problem) -> [CommandRow] {
        try await RequestScope.within(.milliseconds(1_800)) { () async throws(Problem) in
            try await run(.deliverCommands(instanceID: instanceID))
        }
    }

    /// Parses `55s` or `55`; the contract allows nothing else.
    private static func patience(_ wait: String?) -> Duration {
        .seconds(wait.flatMap { Int($0.filter(\.isNumber)) } ?? 0)
    }

    /// Wakes the polls that wait for commands, until it is cancelled: immediately on a notification of the database, and otherwise within a
    /// second, even if notifications do not reach this server.
    public func wakeWaitingPolls() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                for await note in database.notifications(on: "flotilla_commands") { waiters.wake(note) }
            }
            group.addTask { [self] in await checkWaitingPolls() }
        }
    }

    private func checkWaitingPolls() async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            waiters.wakeExpired()
            let instances = waiters.instances
            guard !instances.isEmpty else { continue }
            // If this query fails, the next one makes up for it.
            for found in (try? await run(.instancesWithCommands(instanceIDs: instances))) ?? [] { waiters.wake(found) }
        }
    }

    /// Ends all waiting polls and event streams, and lets no new ones start, because the server is shutting down.
    public func endWaiting() {
        waiters.close()
        hub.close()
    }
}
