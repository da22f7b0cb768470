import Tracing

/// Starts spans, which are exported when they end, and passes traces from and to other processes as W3C Trace Context.
struct OTLPTracer: Tracer {
    let sampler: TraceSampler
    let queue: SpanQueue

    func startSpan<Instant: TracerInstant>(
        _ operationName: String,
        context: @autoclosure () -> ServiceContext,
        ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant,
        function: String,
        file fileID: String,
        line: UInt
    ) -> TraceSpan {
        var context = context()
        let parent = context.trace
        let id = parent?.traceID ?? .random()
        let isSampled = sampler.samples(id, parent: parent)
        let spanID = UInt64.random(in: 1 ... .max)
        context.trace = TraceContext(traceID: id, spanID: spanID, isSampled: isSampled, state: parent?.state)
        return TraceSpan(
            operationName,
            context,
            parent: parent?.spanID,
            kind: kind,
            start: isSampled ? instant().nanosecondsSinceEpoch : 0,
            queue: isSampled ? queue : nil
        )
    }

    /// Does nothing: the exporter sends spans automatically, the last ones at the shutdown.
    func forceFlush() {}

    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier,
        into context: inout ServiceContext,
        using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let parent = extractor.extract(key: "traceparent", from: carrier) else { return }
        let state = extractor.extract(key: "tracestate", from: carrier)
        if let trace = TraceContext(traceparent: parent, state: state) { context.trace = trace }
    }

    func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext,
        into carrier: inout Carrier,
        using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let trace = context.trace else { return }
        injector.inject(trace.traceparent, forKey: "traceparent", into: &carrier)
        if let state = trace.state { injector.inject(state, forKey: "tracestate", into: &carrier) }
    }
}
