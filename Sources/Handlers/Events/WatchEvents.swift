public import ContractRuntime
public import Generated

extension API {
    public func watchEvents(_ input: WatchEvents.Input) async throws(Problem) -> WatchEvents.Output {
        let known = input.lastEventID.flatMap { EventPosition($0) }
        let start: EventPosition
        if let known { start = known } else { start = try await eventHead() }
        let isLate = try await run(.isBeforeHorizon(xid: "\(start.transaction)", eventID: start.event))
        do throws(Problem) {
            let (events, toldUpTo) = try hub.watch(from: start, by: input.principal.name, configuration.bounds)
            let reader = EventReader(api: self, events, from: start, to: toldUpTo, isLate: isLate)
            return .ok(ServerEvents { AsyncThrowingStream { try await reader.next() } })
        } catch {
            throw counted(error)
        }
    }

    /// The place from which on everything is still to come.
    private func eventHead() async throws(Problem) -> EventPosition {
        let head = try await run(.eventHead())
        return EventPosition(transaction: UInt64(head.xid) ?? 0, event: head.eventID)
    }

    /// Reads events for those who watch, and lets them know every 15 seconds that the stream lives, until it is cancelled.
    public func tellOfEvents() async {
        var sinceTick = 0
        while (try? await Task.sleep(for: .milliseconds(250))) != nil {
            sinceTick = (sinceTick + 1) % 60
            if sinceTick == 0 { hub.tellTick() }
            guard let position = hub.position else { continue }
            // A look that fails is made up for by the next one.
            let rows = try? await run(
                .eventsAfter(xid: "\(position.transaction)", eventID: position.event, limit: 500)
            )
            if let rows { hub.tell(rows) }
        }
    }
}

/// One watcher's way through the events: what he missed, and then what happens, for ten minutes; after that his credentials are looked at
/// again.
///
/// `@unchecked Sendable`: the stream that it feeds asks for one event after the other, so nothing else touches it meanwhile.
private final class EventReader: @unchecked Sendable {
    private let api: API
    private let deadline = ContinuousClock.now + .seconds(600)
    private var first: [ServerEvent<FleetEvent>]
    private var missed: ArraySlice<EventsAfterRow> = []
    private var position: EventPosition
    private let end: EventPosition
    private var events: AsyncStream<EventsAfterRow?>.Iterator

    init(
        api: API,
        _ events: AsyncStream<EventsAfterRow?>,
        from start: EventPosition,
        to end: EventPosition,
        isLate: Bool
    ) {
        self.api = api
        first = isLate ? [.bare("tick"), .bare("reset")] : [.bare("tick")]
        position = start
        self.end = end
        self.events = events.makeAsyncIterator()
    }

    func next() async throws -> ServerEvent<FleetEvent>? {
        if let event = first.popLast() { return event }
        if let row = missed.popFirst() { return ServerEvent(row) }
        if position < end, try await readMissed(), let row = missed.popFirst() { return ServerEvent(row) }
        guard ContinuousClock.now < deadline, let event = await events.next() else { return nil }
        return event.map(ServerEvent.init) ?? .bare("tick")
    }

    /// Reads a piece of what was missed; false when there is nothing more of it.
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

    /// An event that no row tells of.
    fileprivate static func bare(_ kind: String) -> Self {
        Self(FleetEvent(kind: kind, key: "", at: .now, data: .empty), event: kind)
    }
}
