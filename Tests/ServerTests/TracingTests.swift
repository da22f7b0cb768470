import ContractRuntime
import Foundation
import Handlers
import Logging
import NIOHTTP1
import Synchronization
import TestSupport
import Testing
import Tracing

@testable import Server

@Suite struct TracingTests {
    private static let traceID = "0af7651916cd43dd8448eb211c80319c"
    private static let caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    /// Runs `body` with a server that exports to `collector`. At its shutdown the server exports the rest.
    private func with(
        _ collector: TraceCollector,
        settings: [String: String] = [:],
        _ body: @escaping @Sendable (RunningServer) async throws -> Void
    ) async throws {
        try await collector.listening { url in
            let settings = settings.merging(["OTEL_EXPORTER_OTLP_ENDPOINT": url]) { own, _ in own }
            try await RunningServer.with(settings: settings) { server in
                try await server.waitUntilReady()
                try await body(server)
            }
        }
    }

    // MARK: - Requests

    @Test func `a request's span continues the caller's trace, and the calls of the database are its children`()
        async throws
    {
        let collector = TraceCollector()
        let settings = [
            "OTEL_SERVICE_NAME": "fleet", "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20abc,x-team=a",
            "ENVIRONMENT": "TEST",
        ]
        try await with(collector, settings: settings) { server in
            let headers = ["traceparent": Self.caller, "X-Request-ID": "r-1"]
            let answer = try await server.post("/ingest/heartbeat", RunningServer.heartbeat(), headers: headers)
            #expect(answer.status == 202)
        }
        let spans = collector.spans.filter { $0.traceID == Self.traceID }
        let request = try #require(spans.first { $0.kind == 2 })
        #expect(request.name == "POST /ingest/heartbeat")
        #expect(request.parentID == "b7ad6b7169203331")
        #expect(
            request.attributes == [
                "http.request.method": "POST", "http.route": "/ingest/heartbeat", "http.response.status_code": "202",
                "url.scheme": "http", "flotilla.request_id": "r-1",
            ]
        )
        let calls = spans.filter { $0.kind == 3 }
        #expect(calls.map(\.name) == ["refreshHeartbeats", "recordHeartbeats"])
        #expect(calls.allSatisfy { $0.parentID == request.spanID })
        #expect(
            calls.first?.attributes == ["db.system.name": "postgresql", "db.query.summary": "refreshHeartbeats"]
        )
        #expect(collector.resource["service.name"] == "fleet")
        #expect(collector.resource["deployment.environment.name"] == "TEST")
        let head = try #require(collector.heads.first)
        #expect(head.uri == "/v1/traces")
        #expect(head.headers["Authorization"] == ["Bearer abc"])
        #expect(head.headers["x-team"] == ["a"])
        #expect(head.headers["Content-Type"] == ["application/json"])
        #expect(head.headers["traceparent"] == [])
    }

    @Test func `a request with ids has the template of its path, and pages have theirs`() async throws {
        let collector = TraceCollector()
        try await with(collector) { server in
            _ = try await server.get("/commands/0190a0b0-0000-7000-8000-000000000000")
            _ = try await server.web.send("GET", "/login?next=/secret", headers: ["traceparent": Self.caller])
        }
        let names = Set(collector.spans.filter { $0.kind == 2 }.map(\.name))
        #expect(names.contains("GET /commands/{command_id}"))
        #expect(names.contains("GET /login"))
        #expect(collector.spans.contains { $0.kind == 3 && $0.parentID != nil })
    }

    @Test func `the decision of the caller not to sample is followed`() async throws {
        let collector = TraceCollector()
        try await with(collector) { server in
            let headers = ["traceparent": String(Self.caller.dropLast() + "0")]
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat(), headers: headers)
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
        }
        #expect(!collector.spans.contains { $0.traceID == Self.traceID })
        #expect(collector.spans.contains { $0.name == "POST /ingest/heartbeat" && $0.parentID == nil })
    }

    @Test func `each job has a trace with its transactions`() async throws {
        let collector = TraceCollector()
        try await with(collector, settings: ["CHECK_INTERVAL_SECONDS": "1"]) { server in
            let metric = #"flotilla_job_success_age_seconds{name="expire_commands"}"#
            for _ in 0..<500 {
                if try await server.get("/metrics", token: nil).body.contains(metric) { break }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        // Passes before the schema is confirmed fail.
        let job = try #require(collector.spans.first { $0.name == "job expire_commands" && !$0.isError })
        #expect(job.kind == 1)
        #expect(job.parentID == nil)
        let calls = collector.spans.filter { $0.traceID == job.traceID && $0.kind == 3 }
        #expect(!calls.isEmpty)
        #expect(calls.allSatisfy { $0.parentID == job.spanID })
    }

    // MARK: - Notifications and secrets

    @Test func `a notification carries the trace of its request, and spans contain no secrets`() async throws {
        let collector = TraceCollector()
        let target = HeaderTarget()
        try await target.listening { url in
            let settings = ["WEBHOOK_URL": url + "/hook-secret?key=key-secret"]
            try await with(collector, settings: settings) { server in
                // The delivery loop may be faster than a request; then the delivery has a separate trace.
                for _ in 0..<3 {
                    let headers = ["X-Admin-Token": RunningServer.token, "traceparent": Self.caller]
                    let answer = try await server.api.send(
                        "POST",
                        "/notifications/test?severity=INFO",
                        headers: headers
                    )
                    #expect(answer.status == 200)
                }
                _ = try await server.get("/instances?search=query-secret")
                _ = try await server.get("/instances", token: "token-secret")
            }
        }
        let request = try #require(collector.spans.first { $0.name == "POST /notifications/test" })
        let deliveries = collector.spans.filter { $0.name == "POST webhook" }
        #expect(deliveries.allSatisfy { $0.kind == 3 && !$0.isError })
        #expect(
            deliveries.first?.attributes == [
                "http.request.method": "POST", "flotilla.notification.target": "webhook",
            ]
        )
        #expect(Set(target.parents) == Set(deliveries.map { "00-\($0.traceID)-\($0.spanID)-01" }))
        #expect(deliveries.contains { $0.traceID == Self.traceID && $0.parentID != nil })
        #expect(request.traceID == Self.traceID)
        let text = collector.exports.joined()
        #expect(text.contains("GET /instances"))
        for secret in ["hook-secret", "key-secret", "query-secret", "token-secret", RunningServer.token] {
            #expect(!text.contains(secret), "\(secret)")
        }
    }

    // MARK: - Exporter

    @Test func `a collector that hangs delays neither requests nor the shutdown`() async throws {
        let collector = TraceCollector { _ in
            // The end of the listener interrupts the pause.
            try? await Task.sleep(for: .seconds(60))
            return 503
        }
        let end = Mutex(ContinuousClock.now)
        try await with(collector) { server in
            let start = ContinuousClock.now
            for _ in 0..<20 {
                let answer = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
                #expect(answer.status == 202)
            }
            // If each request waited for its export, 20 requests would take at least 20 timeouts of 10 s.
            #expect(ContinuousClock.now - start < .seconds(60))
            end.withLock { $0 = .now }
        }
        // The last export takes at most two seconds, far less than the collector's pause.
        #expect(ContinuousClock.now - end.withLock { $0 } < .seconds(20))
        #expect(collector.exports == [])
    }

    @Test func `an export is repeated if the collector is unavailable, and dropped if it rejects the spans`()
        async throws
    {
        let collector = TraceCollector { [503, 200, 400][min($0, 3) - 1] }
        let metrics = PrometheusRegistry()
        try await collector.listening { url in
            let tracing = tracing(metrics, url: url)
            var exporter = tracing.exporter
            exporter.times.interval = .milliseconds(20)
            exporter.times.retry = .milliseconds(10)
            let running = Task { [exporter] in await exporter.run() }
            tracing.tracer.startSpan("first").end()
            try await wait { metrics.value(of: "flotilla_trace_spans_exported_total") == 1 }
            tracing.tracer.startSpan("second").end()
            try await wait {
                metrics.value(of: "flotilla_trace_spans_dropped_total", [("reason", "export")]) == 1
            }
            running.cancel()
            await running.value
        }
        #expect(collector.spans.map(\.name) == ["first"])
        #expect(collector.heads.count == 3)
    }

    @Test func `spans beyond the queue are dropped and counted`() {
        let metrics = PrometheusRegistry()
        let dropped = metrics.counter("dropped", "Dropped spans.")
        let queue = SpanQueue(capacity: 2, dropped: dropped)
        let tracer = OTLPTracer(sampler: TraceSampler(.alwaysOn, ratio: 1), queue: queue)
        for name in ["a", "b", "c"] { tracer.startSpan(name).end() }
        #expect(queue.take().map(\.name) == ["a", "b"])
        #expect(queue.take().isEmpty)
        #expect(metrics.value(of: "dropped") == 1)
    }

    // MARK: - Context and sampling

    @Test(arguments: [
        "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-\u{0661}",
    ])
    func `a malformed traceparent is ignored`(text: String) {
        #expect(TraceContext(traceparent: text, state: nil) == nil)
    }

    @Test func `a traceparent of this or a later version is read and written`() throws {
        let context = try #require(TraceContext(traceparent: Self.caller, state: "vendor=1"))
        #expect(context.traceparent == Self.caller)
        #expect(context.state == "vendor=1")
        let later = try #require(TraceContext(traceparent: "01" + Self.caller.dropFirst(2) + "-more", state: "\u{e9}"))
        #expect(later.traceparent == Self.caller)
        #expect(later.state == nil)
    }

    @Test func `samplers keep a share of the traces, or follow the parent`() {
        func share(_ name: TraceSampler.Name, _ ratio: Double, parent: TraceContext? = nil) -> Int {
            let sampler = TraceSampler(name, ratio: ratio)
            return (0..<1_000).count { step in
                sampler.samples(.init(high: 1, low: UInt64(step) &* 18_446_744_073_709_551), parent: parent)
            }
        }
        let sampled = TraceContext(traceparent: Self.caller, state: nil)
        #expect(share(.alwaysOn, 0) == 1_000)
        #expect(share(.alwaysOff, 1) == 0)
        #expect(share(.ratio, 1) == 1_000)
        #expect(share(.ratio, 0) == 0)
        #expect((249...251).contains(share(.ratio, 0.25)))
        #expect(share(.parentOrRatio, 0) == 0)
        #expect(share(.parentOrRatio, 0, parent: sampled) == 1_000)
        #expect(share(.ratio, 0, parent: sampled) == 0)
    }

    @Test func `log messages have the id of the trace beside that of the request`() throws {
        var context = ServiceContext.topLevel
        context.trace = TraceContext(traceparent: Self.caller, state: nil)
        let metadata: Logger.Metadata = ["request": "r"]
        #expect(ServiceContext.withValue(context) { metadata.traced } == ["request": "r", "trace": "\(Self.traceID)"])
        #expect(metadata.traced == ["request": "r"])
    }

    @Test func `without a collector there is no tracing`() throws {
        let configuration = try RunningServer.configuration("postgres:///x", ["OTEL_SERVICE_NAME": "fleet"])
        #expect(configuration.tracing == nil)
    }

    @Test(arguments: ["authorization", "authorization=a\u{7f}secret", "a b=secret", "=secret"])
    func `the values of malformed header fields do not appear in messages`(text: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try RunningServer.configuration("postgres:///x", ["OTEL_EXPORTER_OTLP_HEADERS": text])
        }
        #expect(
            error?.description
                == "OTEL_EXPORTER_OTLP_HEADERS: found an invalid value, expected NAME=VALUE, comma-separated"
        )
    }

    private func tracing(_ metrics: PrometheusRegistry, url: String) -> ServerTracing {
        ServerTracing(
            TracingConfiguration(url: url),
            environment: "TEST",
            metrics: metrics,
            logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private func wait(_ condition: () -> Bool) async throws {
        for _ in 0..<1_000 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
        #expect(condition())
    }
}

/// A target of notifications that stores the trace of each message.
private final class HeaderTarget: OpenResponder {
    private let stored = Mutex<[String]>([])

    var parents: [String] { stored.withLock { $0 } }

    func respond(to head: HTTPRequestHead, _ body: [UInt8]) async -> ServerResponse {
        stored.withLock { $0 += head.headers["traceparent"] }
        return ServerResponse(status: 204, contentType: nil, body: [], requestID: "t")
    }
}
