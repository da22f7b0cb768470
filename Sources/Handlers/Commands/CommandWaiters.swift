import ContractRuntime
import Postgres
import Synchronization

/// The polls that are waiting for commands, by instance.
///
/// A poll is woken by a notification of the database, by a periodic check that finds a command, by its timeout, or by the server's
/// shutdown. One timer serves all polls, so that a waiting poll costs only its task and a dictionary entry.
final class CommandWaiters: Sendable {
    /// A poll that is about to wait. It is registered before the poll queries commands, so that none can be missed in between.
    struct Ticket: Sendable {
        fileprivate let number: UInt64
        let instanceID: ExactText
    }

    private struct Waiter {
        let deadline: ContinuousClock.Instant
        let credential: RequestClient.Credential?
        var isWoken = false
        var continuation: CheckedContinuation<Void, Never>?
    }

    private struct State {
        var waiters: [ExactText: [UInt64: Waiter]] = [:]
        var next: UInt64 = 0
        var isClosed = false

        mutating func remove(_ ticket: Ticket) -> Waiter? {
            let waiter = waiters[ticket.instanceID]?.removeValue(forKey: ticket.number)
            if waiters[ticket.instanceID]?.isEmpty == true { waiters[ticket.instanceID] = nil }
            return waiter
        }

        /// Marks the matching polls as woken, and removes the continuations of those that are already waiting.
        mutating func wake(
            _ instanceID: ExactText,
            where isMeant: (Waiter) -> Bool = { _ in true }
        ) -> [CheckedContinuation<Void, Never>] {
            var continuations: [CheckedContinuation<Void, Never>] = []
            for (number, waiter) in waiters[instanceID] ?? [:] where isMeant(waiter) {
                guard let continuation = waiter.continuation else {
                    waiters[instanceID]?[number]?.isWoken = true
                    continue
                }
                continuations.append(continuation)
                _ = remove(Ticket(number: number, instanceID: instanceID))
            }
            return continuations
        }
    }

    private let state = Mutex(State())

    /// The instances with waiting polls.
    var instances: [String] { state.withLock { $0.waiters.keys.map(\.text) } }

    /// Whether the server is shutting down, so that no poll may wait.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// The credentials of all polls.
    var credentials: Set<RequestClient.Credential> {
        state.withLock { Set($0.waiters.values.flatMap(\.values).compactMap(\.credential)) }
    }

    func enter(
        _ instanceID: String,
        holding credential: RequestClient.Credential?,
        until deadline: ContinuousClock.Instant
    ) -> Ticket {
        let instanceID = ExactText(instanceID)
        return state.withLock { state in
            state.next += 1
            let waiter = Waiter(deadline: deadline, credential: credential, isWoken: state.isClosed)
            state.waiters[instanceID, default: [:]][state.next] = waiter
            return Ticket(number: state.next, instanceID: instanceID)
        }
    }

    func leave(_ ticket: Ticket) {
        _ = state.withLock { $0.remove(ticket) }
    }

    /// Waits until the ticket is woken, then removes it.
    func wait(_ ticket: Ticket) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard let waiter = state.waiters[ticket.instanceID]?[ticket.number], !waiter.isWoken else {
                        _ = state.remove(ticket)
                        return true
                    }
                    state.waiters[ticket.instanceID]?[ticket.number]?.continuation = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.remove(ticket) }?.continuation?.resume()
        }
    }

    /// Wakes the polls of an instance.
    func wake(_ instanceID: String) {
        for continuation in state.withLock({ $0.wake(ExactText(instanceID)) }) { continuation.resume() }
    }

    /// Wakes the polls that have timed out.
    func wakeExpired(now: ContinuousClock.Instant = .now) {
        let woken = state.withLock { state in
            state.waiters.keys.flatMap { id in state.wake(id) { $0.deadline <= now } }
        }
        for continuation in woken { continuation.resume() }
    }

    /// Wakes the polls that hold one of these credentials.
    func wake(_ ended: Set<RequestClient.Credential>) {
        let woken = state.withLock { state in
            state.waiters.keys.flatMap { id in
                state.wake(id) { waiter in waiter.credential.map(ended.contains) ?? false }
            }
        }
        for continuation in woken { continuation.resume() }
    }

    /// Wakes all polls, now and in the future.
    func close() {
        let woken = state.withLock { state in
            state.isClosed = true
            return state.waiters.keys.flatMap { state.wake($0) }
        }
        for continuation in woken { continuation.resume() }
    }
}

extension API {
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
