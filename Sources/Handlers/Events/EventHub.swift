import ContractRuntime
import Synchronization

/// Distributes new events to all watchers of this server: one reader of the database serves them all.
final class EventHub: Sendable {
    /// A message to a watcher.
    enum Message: Sendable {
        case event(EventsAfterRow)
        /// Shows that the stream is alive.
        case tick
        /// Events may be missing; those after this position follow.
        case reset(EventPosition)
    }

    /// How many events a watcher may lag behind. A slower one is disconnected, and reconnects with its last event.
    private static let patience = 1_000

    private struct State {
        var watchers: [UInt64: AsyncStream<Message>.Continuation] = [:]
        /// The principal of each stream, and the number of streams of each principal.
        var principals: [UInt64: String] = [:]
        // traps: principals whose names look the same share one limit.
        var counts: [String: Int] = [:]
        /// The credential of each stream that can end.
        var credentials: [UInt64: RequestClient.Credential] = [:]
        var next: UInt64 = 0
        /// The position up to which all watchers have been sent events; nil while there are no watchers.
        var position: EventPosition?
        var isClosed = false

        /// The problem if a principal may not open another stream; nil if it may.
        func rejection(of principal: String, _ limits: ClientLimits) -> Problem? {
            if watchers.count >= limits.eventStreams {
                let detail = "the limit EVENT_STREAMS is reached: \(watchers.count) event streams are open; retry later"
                return Problem(.streams, status: 503, detail, retryAfterSeconds: 15)
            }
            guard let count = counts[principal], count >= limits.eventStreamsPerPrincipal else { return nil }
            let detail =
                "the limit EVENT_STREAMS_PER_PRINCIPAL is reached: '\(principal)' has \(count) open event streams; close one first"
            return Problem(.streams, status: 429, detail, retryAfterSeconds: 15)
        }
    }

    private let state = Mutex(State())

    /// The position up to which all watchers have been sent events; nil while there are no watchers.
    var position: EventPosition? { state.withLock { $0.position } }

    /// The credentials of all streams.
    var credentials: Set<RequestClient.Credential> { state.withLock { Set($0.credentials.values) } }

    /// The number of watchers.
    var count: Int { state.withLock { $0.watchers.count } }

    /// Adds a watcher unless there are too many. The first one sets the hub's position to the newest event in the database.
    ///
    /// - Returns: The watcher's messages from now on, and the hub's position, up to which the watcher must read events itself.
    func watch(
        from head: EventPosition,
        by principal: String,
        holding credential: RequestClient.Credential?,
        _ limits: ClientLimits
    ) throws(Problem) -> (messages: AsyncStream<Message>, sentUpTo: EventPosition) {
        let (messages, continuation) = AsyncStream.makeStream(
            of: Message.self,
            bufferingPolicy: .bufferingOldest(Self.patience)
        )
        let entry = state.withLock { state -> Result<EventPosition?, Problem> in
            guard !state.isClosed else { return .success(nil) }
            if let problem = state.rejection(of: principal, limits) { return .failure(problem) }
            state.next += 1
            let number = state.next
            state.watchers[number] = continuation
            state.principals[number] = principal
            state.credentials[number] = credential
            state.counts[principal, default: 0] += 1
            continuation.onTermination = { [weak self] _ in self?.leave(number) }
            let told = state.position ?? head
            state.position = told
            return .success(told)
        }
        let told = try entry.get()
        if told == nil { continuation.finish() }
        return (messages, told ?? head)
    }

    private func leave(_ number: UInt64) {
        state.withLock { state in
            state.watchers[number] = nil
            state.credentials[number] = nil
            if let principal = state.principals.removeValue(forKey: number) {
                state.counts[principal, default: 1] -= 1
                if state.counts[principal] == 0 { state.counts[principal] = nil }
            }
            if state.watchers.isEmpty { state.position = nil }
        }
    }

    /// Sends events to all watchers, in order.
    func publish(_ events: [EventsAfterRow]) {
        guard let last = events.last?.position else { return }
        send(events.map(Message.event), upTo: last)
    }

    /// Tells all watchers that events may be missing, and continues from the newest event in the database.
    func reset(to head: EventPosition) { send([.reset(head)], upTo: head) }

    /// Sends all watchers a sign that the stream is alive.
    func publishTick() {
        for watcher in state.withLock({ Array($0.watchers.values) }) { watcher.yield(.tick) }
    }

    private func send(_ messages: [Message], upTo position: EventPosition) {
        let watchers = state.withLock { state in
            if state.position != nil { state.position = position }
            return Array(state.watchers.values)
        }
        for watcher in watchers {
            for message in messages {
                guard case .enqueued = watcher.yield(message) else {
                    watcher.finish()
                    break
                }
            }
        }
    }

    /// Disconnects the watchers that hold one of these credentials.
    func close(_ ended: Set<RequestClient.Credential>) {
        let watchers = state.withLock { state in
            state.credentials.filter { ended.contains($0.value) }.compactMap { state.watchers[$0.key] }
        }
        for watcher in watchers { watcher.finish() }
    }

    /// Disconnects all watchers, now and in the future.
    func close() {
        let watchers = state.withLock { state in
            state.isClosed = true
            return Array(state.watchers.values)
        }
        for watcher in watchers { watcher.finish() }
    }
}

extension EventsAfterRow {
    /// The event's position. PostgreSQL generated the number, so it can be parsed.
    var position: EventPosition { EventPosition(transaction: UInt64(xid) ?? 0, event: eventID) }
}
