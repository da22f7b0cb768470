import ContractRuntime
import Synchronization

/// Hands what one look into the database finds to everybody who watches: one reader for a server, however many watch.
final class EventHub: Sendable {
    /// What a watcher is told.
    enum Message: Sendable {
        case event(EventsAfterRow)
        /// The stream lives.
        case tick
        /// Events may be missing; those behind this position follow.
        case reset(EventPosition)
    }

    /// How many events a watcher may lag behind. One who does not keep up is let go, and comes back with the last event that he knows.
    private static let patience = 1_000

    private struct State {
        var watchers: [UInt64: AsyncStream<Message>.Continuation] = [:]
        /// Whose stream each is, and how many each principal has.
        var principals: [UInt64: String] = [:]
        // traps: principals whose names look the same share what each of them may have.
        var counts: [String: Int] = [:]
        var next: UInt64 = 0
        /// Up to where everybody has been told; nil while nobody watches.
        var position: EventPosition?
        var isClosed = false

        /// Why a principal gets no further stream; nil when there is room.
        func refusal(of principal: String, _ bounds: Bounds) -> Problem? {
            if watchers.count >= bounds.eventStreams {
                let detail = "\(watchers.count) event streams are open, which is EVENT_STREAMS; retry later"
                return Problem(.streams, status: 503, detail, retryAfterSeconds: 15)
            }
            guard let count = counts[principal], count >= bounds.eventStreamsPerPrincipal else { return nil }
            let detail =
                "'\(principal)' has \(count) event streams open, which is EVENT_STREAMS_PER_PRINCIPAL; close one first"
            return Problem(.streams, status: 429, detail, retryAfterSeconds: 15)
        }
    }

    private let state = Mutex(State())

    /// Up to where everybody has been told; nil while nobody watches.
    var position: EventPosition? { state.withLock { $0.position } }

    /// How many watch.
    var count: Int { state.withLock { $0.watchers.count } }

    /// Adds a watcher, unless there are too many. The first one sets the hub's position to the database's head.
    ///
    /// - Returns: What the watcher is told from now on, and the hub's position: up to there the watcher has to read events itself.
    func watch(
        from head: EventPosition,
        by principal: String,
        _ bounds: Bounds
    ) throws(Problem) -> (messages: AsyncStream<Message>, toldUpTo: EventPosition) {
        let (messages, continuation) = AsyncStream.makeStream(
            of: Message.self,
            bufferingPolicy: .bufferingOldest(Self.patience)
        )
        let entry = state.withLock { state -> Result<EventPosition?, Problem> in
            guard !state.isClosed else { return .success(nil) }
            if let problem = state.refusal(of: principal, bounds) { return .failure(problem) }
            state.next += 1
            let number = state.next
            state.watchers[number] = continuation
            state.principals[number] = principal
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
            if let principal = state.principals.removeValue(forKey: number) {
                state.counts[principal, default: 1] -= 1
                if state.counts[principal] == 0 { state.counts[principal] = nil }
            }
            if state.watchers.isEmpty { state.position = nil }
        }
    }

    /// Tells everybody of events, in their order.
    func tell(_ events: [EventsAfterRow]) {
        guard let last = events.last?.position else { return }
        send(events.map(Message.event), upTo: last)
    }

    /// Tells everybody that events may be missing, and goes on from the database's head.
    func reset(to head: EventPosition) { send([.reset(head)], upTo: head) }

    /// Lets everybody know that the stream lives.
    func tellTick() {
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

    /// Lets everybody go, for good.
    func close() {
        let watchers = state.withLock { state in
            state.isClosed = true
            return Array(state.watchers.values)
        }
        for watcher in watchers { watcher.finish() }
    }
}

extension EventsAfterRow {
    /// The event's place. The number is PostgreSQL's own, so it is one.
    var position: EventPosition { EventPosition(transaction: UInt64(xid) ?? 0, event: eventID) }
}
