#if TLS
import CoreMetrics
import Generated
import Handlers
import Logging
import Tracing

/// The tracing of a server: the tracer of its parts, and the exporter of their spans.
struct ServerTracing: Sendable {
    let tracer: OTLPTracer
    let exporter: OTLPExporter
    let requests: RequestTracing

    /// - Parameter environment: The name of the deployment.
    init(
        _ configuration: TracingConfiguration,
        environment: String,
        metrics: PrometheusRegistry,
        logger: Logger
    ) {
        func drops(_ reason: String) -> Counter {
            metrics.counter(
                "flotilla_trace_spans_dropped_total",
                "Spans that were not exported.",
                labels: [("reason", reason)]
            )
        }
        let queue = SpanQueue(dropped: drops("queue"))
        tracer = OTLPTracer(sampler: configuration.sampler, queue: queue)
        exporter = OTLPExporter(
            configuration: configuration,
            queue: queue,
            resource: [
                ("service.name", .string(configuration.service)),
                ("service.version", .string(ContractDocument.version)),
                ("service.instance.id", .string(UInt64.random(in: 1 ... .max).hexadecimal)),
                ("deployment.environment.name", .string(environment)),
                ("telemetry.sdk.name", .string("flotilla")), ("telemetry.sdk.language", .string("swift")),
            ],
            exported: metrics.counter("flotilla_trace_spans_exported_total", "Spans that the collector took."),
            dropped: drops("export"),
            logger: logger
        )
        requests = RequestTracing(tracer)
    }
}
#endif
