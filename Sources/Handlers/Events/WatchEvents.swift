public import ContractRuntime
public import Generated

extension API {
    public func watchEvents(_ input: WatchEvents.Input) async throws(Problem) -> WatchEvents.Output {
        let known = input.lastEventID.flatMap { EventPosition($0) }
        let (head, isValid) = try await eventHead(after: known)
        do throws(Problem) {
            let (messages, sentUpTo) = try hub.watch(
                from: head,
                by: input.principal.name,
                holding: RequestClient.current?.credential,
                configuration.clientLimits
            )
            let start = isValid ? known ?? head : head
            let reader = EventReader(api: self, messages, from: start, to: sentUpTo, isReset: !isValid)
            return .ok(ServerEvents { AsyncThrowingStream { try await reader.next() } })
        } catch {
            throw counted(error)
        }
    }

    /// The position after which new events will appear, and whether a client that has all events up to `position` misses none.
    private func eventHead(
        after position: EventPosition?
    ) async throws(Problem) -> (head: EventPosition, isValid: Bool) {
        let row = try await run(.eventHead(xid: position.map { "\($0.transaction)" }, eventID: position?.event))
        // PostgreSQL generated the number, so it can be parsed.
        return (EventPosition(transaction: UInt64(row.xid) ?? 0, event: 0), row.isValid)
    }

    /// Sends new events to the watchers, and a `tick` every 15 seconds, until it is cancelled.
    public func publishEvents() async {
        var sinceTick = 0
        while (try? await Task.sleep(for: .milliseconds(250))) != nil {
            sinceTick = (sinceTick + 1) % 60
            if sinceTick == 0 { hub.publishTick() }
            // If this query fails, the next one makes up for it.
            if let position = hub.position { try? await publishEvents(after: position) }
        }
    }

    /// Sends the new events once. After a failover or a restore, the database may not know the hub's position.
    private func publishEvents(after position: EventPosition) async throws(Problem) {
        let (head, isValid) = try await eventHead(after: position)
        guard isValid else { return hub.reset(to: head) }
        hub.publish(try await run(.eventsAfter(xid: "\(position.transaction)", eventID: position.event, limit: 500)))
    }
}

/// The events for one watcher: first the missed ones, then new ones, for ten minutes or until its credential ends.
///
/// `@unchecked Sendable`: the stream requests one event at a time, so no access is concurrent.
private final class EventReader: @unchecked Sendable {
    private let api: API
    private let deadline = ContinuousClock.now + .seconds(600)
    private var first: [ServerEvent<FleetEvent>]
    private var missed: ArraySlice<EventsAfterRow> = []
    private var position: EventPosition
    /// The position up to which events are read from the database; later ones come from the hub.
    private var end: EventPosition
    private var messages: AsyncStream<EventHub.Message>.Iterator

    init(
        api: API,
        _ messages: AsyncStream<EventHub.Message>,
        from start: EventPosition,
        to end: EventPosition,
        isReset: Bool
    ) {
        self.api = api
        first = isReset ? [.bare("tick"), .bare("reset")] : [.bare("tick")]
        position = start
        self.end = end
        self.messages = messages.makeAsyncIterator()
    }

    func next() async throws -> ServerEvent<FleetEvent>? {
        if let event = first.popLast() { return event }
        if let row = missed.popFirst() { return ServerEvent(row) }
        if position < end, try await readMissed(), let row = missed.popFirst() { return ServerEvent(row) }
        while ContinuousClock.now < deadline, let message = await messages.next() {
            switch message {
            case .tick: return .bare("tick")
            case .reset(let head):
                (position, end) = (head, head)
                return .bare("reset")
            // The watcher may have newer events than the hub had sent when the stream started.
            case .event(let row) where row.position > position:
                position = row.position
                return ServerEvent(row)
            case .event: continue
            }
        }
        return nil
    }

    /// Reads some of the missed events. Returns false when all have been read.
    private func readMissed() async throws -> Bool {
        let rows = try await api.run(
            .eventsAfter(xid: "\(position.transaction)", eventID: position.event, limit: 500)
        )
        missed = rows.prefix { $0.position <= end }
        position = missed.last?.position ?? end
        return !missed.isEmpty
    }
}

extension ServerEvent where Payload == FleetEvent {
    fileprivate init(_ row: EventsAfterRow) {
        let event = FleetEvent(kind: row.kind, key: row.key, at: row.at, data: row.data)
        self.init(event, event: row.kind, id: "\(row.position)")
    }

    /// An event without a row.
    fileprivate static func bare(_ kind: String) -> Self {
        Self(FleetEvent(kind: kind, key: "", at: .now, data: .empty), event: kind)
    }
}
