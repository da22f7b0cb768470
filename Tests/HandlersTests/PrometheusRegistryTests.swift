import CoreMetrics
import Testing

@testable import Handlers

@Suite struct PrometheusRegistryTests {
    private let registry = PrometheusRegistry()

    private var lines: [String] {
        var text = PrometheusText()
        registry.write(to: &text)
        return text.text.split(separator: "\n").map(String.init)
    }

    @Test func `metrics of libraries appear with valid names and labels`() {
        let counter = Counter(
            label: "http.client.requests",
            dimensions: [("server.address", "a\"b\\c\nd"), ("server.address", "again"), ("le", "1")],
            factory: registry
        )
        counter.increment(by: 2)
        Meter(label: "pool-size", factory: registry).set(3)
        Gauge(label: "2fast", factory: registry).record(1.5)
        #expect(
            lines == [
                "# TYPE http_client_requests counter", #"http_client_requests{server_address="a\"b\\c\nd"} 2"#,
                "# TYPE pool_size gauge", "pool_size 3", "# TYPE _2fast gauge", "_2fast 1.5",
                "# HELP flotilla_metric_series_rejected_total Metrics of libraries that exceed a bound or change their type.",
                "# TYPE flotilla_metric_series_rejected_total counter", "flotilla_metric_series_rejected_total 0",
            ]
        )
    }

    @Test func `timers are histograms in seconds, other recorders are summaries`() {
        let timer = Timer(label: "query", factory: registry)
        timer.recordMilliseconds(3)
        timer.recordSeconds(4)
        let recorder = Recorder(label: "sizes", factory: registry)
        recorder.record(10)
        recorder.record(2.5)
        #expect(
            Array(lines.prefix(18)) == [
                "# TYPE query_seconds histogram", #"query_seconds_bucket{le="0.001"} 0"#,
                #"query_seconds_bucket{le="0.0025"} 0"#, #"query_seconds_bucket{le="0.005"} 1"#,
                #"query_seconds_bucket{le="0.01"} 1"#, #"query_seconds_bucket{le="0.025"} 1"#,
                #"query_seconds_bucket{le="0.05"} 1"#, #"query_seconds_bucket{le="0.1"} 1"#,
                #"query_seconds_bucket{le="0.25"} 1"#, #"query_seconds_bucket{le="0.5"} 1"#,
                #"query_seconds_bucket{le="1.0"} 1"#, #"query_seconds_bucket{le="2.5"} 1"#,
                #"query_seconds_bucket{le="+Inf"} 2"#, "query_seconds_sum 4.003", "query_seconds_count 2",
                "# TYPE sizes summary", "sizes_sum 12.5", "sizes_count 2",
            ]
        )
    }

    @Test func `metrics with the same name and labels share their value`() {
        Counter(label: "requests", factory: registry).increment()
        Counter(label: "requests", factory: registry).increment()
        FloatingPointCounter(label: "requests", factory: registry).increment(by: 0.5)
        Counter(label: "requests", factory: registry).increment(by: -7)
        #expect(registry.value(of: "requests") == 2.5)
    }

    @Test func `labels are bounded, and a metric keeps its type`() {
        for number in 0...PrometheusRegistry.seriesLimit {
            Counter(label: "requests", dimensions: [("id", "\(number)")], factory: registry).increment()
        }
        Meter(label: "requests", dimensions: [("id", "0")], factory: registry).set(9)
        #expect(registry.value(of: "requests", [("id", "0")]) == 1)
        #expect(registry.value(of: "requests", [("id", "\(PrometheusRegistry.seriesLimit)")]) == 0)
        #expect(lines.contains("flotilla_metric_series_rejected_total 2"))
    }

    @Test func `the number of metrics is bounded`() {
        for number in 0...PrometheusRegistry.familyLimit {
            Counter(label: "requests_\(number)", factory: registry).increment()
        }
        #expect(lines.contains("flotilla_metric_series_rejected_total 1"))
    }
}
