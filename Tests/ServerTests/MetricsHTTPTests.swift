import Handlers
import TestSupport
import Testing

@testable import Server

@Suite struct MetricsHTTPTests {
    @Test func `the names and types of metrics are those that dashboards and alert rules use`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            let text = try await server.get("/metrics", token: nil).body
            let types = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map { String($0.dropFirst(7)) }
            #expect(
                types.sorted() == [
                    "flotilla_accept_failures_total counter", "flotilla_alerts gauge",
                    "flotilla_audit_months_waiting gauge", "flotilla_batch_rows_total counter",
                    "flotilla_batches_total counter", "flotilla_body_bytes gauge", "flotilla_body_bytes_limit gauge",
                    "flotilla_bound_refusals_total counter", "flotilla_clock_offset_seconds gauge",
                    "flotilla_commands gauge", "flotilla_connections gauge",
                    "flotilla_connections_closed_total counter",
                    "flotilla_connections_limit gauge", "flotilla_connections_surplus_total counter",
                    "flotilla_database_idle gauge", "flotilla_database_up gauge", "flotilla_database_waiting gauge",
                    "flotilla_event_loop_lag_seconds gauge", "flotilla_event_streams gauge",
                    "flotilla_event_streams_limit gauge", "flotilla_instances gauge", "flotilla_instances_limit gauge",
                    "flotilla_instances_retired gauge", "flotilla_job_success_age_seconds gauge",
                    "flotilla_metric_series_rejected_total counter", "flotilla_module_runs gauge",
                    "flotilla_notifications gauge", "flotilla_registrations gauge",
                    "flotilla_registrations_limit gauge", "flotilla_request_seconds histogram",
                    "flotilla_requests_total counter", "flotilla_transaction_horizon_age_seconds gauge",
                    "flotilla_unread_bytes gauge", "flotilla_unread_bytes_limit gauge",
                ]
            )
            #expect(Set(types).count == types.count)
        }
    }

    @Test func `the samples of a limit and of a slow client have the documented labels`() {
        let telemetry = Telemetry()
        telemetry.recordBodyRejection()
        telemetry.recordSurplus(.address)
        telemetry.recordClosing(.unread)
        #expect(telemetry.value(of: "flotilla_bound_refusals_total", ("bound", "bodies")) == 1)
        #expect(telemetry.value(of: "flotilla_bound_refusals_total", ("bound", "series")) == 0)
        #expect(telemetry.value(of: "flotilla_connections_surplus_total", ("limit", "address")) == 1)
        #expect(telemetry.value(of: "flotilla_connections_closed_total", ("reason", "unread")) == 1)
    }

    @Test func `servers in one process have their own metrics`() {
        let first = Telemetry()
        let second = Telemetry()
        first.recordBodyRejection()
        #expect(second.value(of: "flotilla_bound_refusals_total", ("bound", "bodies")) == 0)
    }
}
