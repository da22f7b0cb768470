import Synchronization
import Tracing

/// A span that is exported when it ends.
final class TraceSpan: Span {
    private struct State {
        var name: String
        var attributes = SpanAttributes()
        var status: SpanStatus?
        var events: [SpanEvent] = []
        var links: [SpanLink] = []
        var isEnded = false
    }

    /// The maximum number of events and of links of a span (OpenTelemetry specification, "Span limits").
    private static let limit = 128

    let context: ServiceContext
    private let parent: UInt64?
    private let kind: SpanKind
    private let start: UInt64
    /// Nil if the span is not sampled.
    private let queue: SpanQueue?
    private let state: Mutex<State>

    init(_ name: String, _ context: ServiceContext, parent: UInt64?, kind: SpanKind, start: UInt64, queue: SpanQueue?) {
        self.context = context
        self.parent = parent
        self.kind = kind
        self.start = start
        self.queue = queue
        state = Mutex(State(name: name))
    }

    var isRecording: Bool { queue != nil && state.withLock { !$0.isEnded } }

    var operationName: String {
        get { state.withLock { $0.name } }
        set { change { $0.name = newValue } }
    }

    var attributes: SpanAttributes {
        get { state.withLock { $0.attributes } }
        set { change { $0.attributes = newValue } }
    }

    func setStatus(_ status: SpanStatus) { change { $0.status = status } }

    func addEvent(_ event: SpanEvent) {
        change { if $0.events.count < Self.limit { $0.events.append(event) } }
    }

    func addLink(_ link: SpanLink) {
        change { if $0.links.count < Self.limit { $0.links.append(link) } }
    }

    /// Records the type of an error. Its description may contain values that must not leave the process.
    func recordError<Instant: TracerInstant>(
        _ error: any Error,
        attributes: SpanAttributes,
        at instant: @autoclosure () -> Instant
    ) {
        var attributes = attributes
        attributes["exception.type"] = "\(type(of: error))"
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard let queue, let trace = context.trace else { return }
        let state = self.state.withLock { state -> State? in
            if state.isEnded { return nil }
            state.isEnded = true
            return state
        }
        guard let state else { return }
        queue.add(
            FinishedSpan(
                name: state.name,
                trace: trace,
                parent: parent,
                kind: kind,
                start: start,
                end: max(instant().nanosecondsSinceEpoch, start),
                attributes: state.attributes,
                status: state.status,
                events: state.events,
                links: state.links
            )
        )
    }

    private func change(_ change: (inout State) -> Void) {
        guard queue != nil else { return }
        state.withLock { if !$0.isEnded { change(&$0) } }
    }
}

/// A span that has ended.
struct FinishedSpan: Sendable {
    let name: String
    let trace: TraceContext
    /// The id of the parent; nil for the first span of a trace.
    let parent: UInt64?
    let kind: SpanKind
    /// The times in nanoseconds since 1970.
    let start: UInt64
    let end: UInt64
    let attributes: SpanAttributes
    let status: SpanStatus?
    let events: [SpanEvent]
    let links: [SpanLink]
}
