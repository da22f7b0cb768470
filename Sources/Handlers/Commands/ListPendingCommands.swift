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
            let rows: [DeliverCommandsRow]
            do throws(Problem) {
                rows = try await look(for: input.instanceID)
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

    /// Each look has a deadline of its own: the poll may have waited for a minute.
    private func look(for instanceID: String) async throws(Problem) -> [DeliverCommandsRow] {
        try await RequestScope.within(.milliseconds(1_800)) { () async throws(Problem) in
            try await run(.deliverCommands(instanceID: instanceID))
        }
    }

    /// `55s`, or `55`; the contract lets nothing else through.
    private static func patience(_ wait: String?) -> Duration {
        .seconds(wait.flatMap { Int($0.filter(\.isNumber)) } ?? 0)
    }

    /// Wakes the polls that wait for commands, until it is cancelled: at once where the database tells, and otherwise within a second,
    /// whatever stands between this server and the database.
    public func wakeWaitingPolls() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                for await note in database.notifications(on: "flotilla_commands") { waiters.wake(note) }
            }
            group.addTask { [self] in await lookForWaitingPolls() }
        }
    }

    private func lookForWaitingPolls() async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            waiters.wakeExpired()
            let instances = waiters.instances
            guard !instances.isEmpty else { continue }
            // A look that fails is made up for by the next one.
            for found in (try? await run(.instancesWithCommands(instanceIDs: instances))) ?? [] { waiters.wake(found) }
        }
    }

    /// Answers all polls that wait, ends all streams of events, and begins none any more: the server ends.
    public func endWaiting() {
        waiters.close()
        hub.close()
    }
}
