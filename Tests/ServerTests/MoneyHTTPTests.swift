import Foundation
import TestSupport
import Testing

/// Monetary amounts over HTTP: literals are exact, and invalid amounts are rejected with their position.
@Suite struct MoneyHTTPTests {
    private let time = "2026-03-01T09:30:00Z"

    private func metric(_ type: String, _ value: String, _ instance: String = "i1") -> String {
        #"{"instance_id":"\#(instance)","symbol":"BTC","metric_type":"\#(type)","value":\#(value),"timestamp":"\#(time)"}"#
    }

    private func cost(_ type: String, _ amount: String, _ more: String = "") -> String {
        #"{"instance_id":"i1","symbol":"BTC","cost_type":"\#(type)","amount":\#(amount),"timestamp":"\#(time)"\#(more)}"#
    }

    private func execution(_ slippage: String, _ latency: String, _ fill: String) -> String {
        """
        {"instance_id":"i1","symbol":"BTC","slippage_bps":\(slippage),"latency_ms":\(latency),"fill_ratio":\(fill),\
        "timestamp":"\(time)"}
        """
    }

    private func position(_ symbol: String, _ net: String) -> String {
        #"{"instance_id":"i1","symbol":"\#(symbol)","net_exposure":\#(net),"gross_exposure":\#(net),"updated_at":"\#(time)"}"#
    }

    @Test func `sums are returned as exact literals`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            #expect(try await server.post("/ingest/heartbeat", RunningServer.heartbeat()).status == 202)
            for symbol in ["A", "B", "C"] {
                #expect(try await server.post("/ingest/positions", position(symbol, "0.1")).status == 202)
            }
            let exposure = try await server.get("/portfolio/exposure").body
            #expect(exposure.contains(#""total_net_exposure":0.3,"total_gross_exposure":0.3"#), "\(exposure)")
            for (type, value) in [("realized_pnl", "120"), ("unrealized_pnl", "\"30.00000000\"")] {
                #expect(try await server.post("/ingest/metrics", metric(type, value)).status == 202)
            }
            for (type, amount) in [("FEE", "10.00000001"), ("FUNDING", "5.00000002")] {
                #expect(try await server.post("/ingest/costs", cost(type, amount)).status == 202)
            }
            let pnl = try await server.get("/analytics/net-pnl").body
            #expect(pnl.contains(#""net_pnl":145.00000001"#), "\(pnl)")
            let again = cost("FEE", "1", #","entry_id":"e1""#)
            #expect(try await server.post("/ingest/costs", again).body == #"{"status":"accepted"}"#)
            #expect(try await server.post("/ingest/costs", again).body == #"{"status":"accepted","duplicate":true}"#)
            #expect(try await server.post("/ingest/costs", cost("FEE", "2", #","entry_id":"e1""#)).status == 409)
            let late = position("A", "9").replacing("2026-03-01", with: "2026-02-01")
            #expect(try await server.post("/ingest/positions", late).body == #"{"status":"accepted","stale":true}"#)
            #expect(try await server.post("/ingest/execution-quality", execution("-2", "120", "0.95")).status == 202)
            #expect(try await server.get("/analytics/execution-quality").json()["avg_slippage_bps"] as? Double == -2)
        }
    }

    @Test func `invalid and out-of-range amounts are rejected with their position`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            for (path, body, pointer) in [
                ("/ingest/costs", cost("fee", "1"), "/cost_type"), ("/ingest/costs", cost("TAX", "1"), "/cost_type"),
                ("/ingest/costs", cost("", "1"), "/cost_type"), ("/ingest/costs", cost("FEE", "1e400"), "/amount"),
                ("/ingest/costs", cost("FEE", "\"NaN\""), "/amount"), ("/ingest/costs", cost("FEE", "null"), "/amount"),
                ("/ingest/execution-quality", execution("0", "-1", "1"), "/latency_ms"),
                ("/ingest/execution-quality", execution("0", "1", "1.01"), "/fill_ratio"),
                ("/ingest/execution-quality", execution("0", "1", "-0.01"), "/fill_ratio"),
                ("/ingest/positions", position("", "1"), "/symbol"),
            ] {
                let response = try await server.post(path, body)
                #expect(response.status == 422, "\(body)")
                let errors = try response.json()["errors"] as? [[String: Any]]
                #expect(errors?.contains { $0["pointer"] as? String == pointer } == true, "\(response.body)")
            }
            for path in [
                "/portfolio/exposure", "/analytics/net-pnl", "/analytics/execution-quality", "/module-runs/stats",
            ] {
                #expect(try await server.get(path, token: nil).status == 401)
            }
            for path in [
                "/portfolio/exposure?mode=SIM", "/module-runs?status=BANANA",
                "/analytics/module-runs/throughput?window_hours=169",
                "/analytics/module-runs/failure-rate?window_size=0", "/analytics/series?instance_id=i1",
            ] {
                #expect(try await server.get(path).status == 422, "\(path)")
            }
        }
    }

    @Test func `a run goes through its states over HTTP`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let module = UUID().uuidString.lowercased()
            let registration = """
                {"module_id":"\(module)","name":"m","enabled":true,"execution_mode":"MANUAL","config":{},"created_at":"\(time)",\
                "updated_at":"\(time)"}
                """
            let token = RunningServer.token
            #expect(try await server.post("/modules", registration, token: token).status == 201)
            #expect(try await server.post("/modules/\(module)/run", "", token: token).status == 422)
            let run = try await server.post("/modules/\(module)/run", "{}", token: token)
            #expect(run.status == 202)
            #expect(try run.json()["trigger_type"] as? String == "MANUAL")
            let id = try #require(try run.json()["run_id"] as? String)
            let headers = ["Content-Type": "application/json", "X-Admin-Token": token]
            func patch(_ body: String) async throws -> RawHTTP.Response {
                try await server.api.send("PATCH", "/module-runs/\(id)", headers: headers, body: body)
            }
            #expect(try await patch(#"{"status":"BANANA"}"#).status == 422)
            #expect(try await patch(#"{"status":"RUNNING"}"#).status == 200)
            #expect(try await patch(#"{"status":"SUCCEEDED","summary":"done"}"#).json()["ended_at"] is String)
            #expect(try await patch(#"{"status":"RUNNING"}"#).status == 409)
            let canceled = try await server.post("/module-runs/\(id)/cancel", "", token: token)
            #expect(canceled.status == 409)
            #expect(try canceled.json()["detail"] as? String == "module run already terminal")
            #expect(try await server.get("/module-runs/\(id)").json()["summary"] as? String == "done")
            #expect(try await server.get("/module-runs/stats").json()["total_runs"] as? Int == 1)
        }
    }
}
