import Foundation
import TestSupport
import Testing

@testable import Server

/// A report with a timestamp ahead of the server's clock is rejected, because it would hide every later one.
@Suite struct AheadHTTPTests {
    private static func time(_ secondsFromNow: Double = 0) -> String {
        Date.now.addingTimeInterval(secondsFromNow).ISO8601Format()
    }

    private static let far = "2099-01-01T00:00:00Z"

    /// The paths with a report for each.
    private static let reports: [(path: String, body: String)] = [
        ("metrics", #"{"instance_id":"i1","symbol":"BTC","metric_type":"equity","value":1,"timestamp":"TIME"}"#),
        ("resource", #"{"instance_id":"i1","cpu_pct":1,"memory_pct":1,"timestamp":"TIME"}"#),
        ("indices", #"{"instance_id":"i1","index_name":"VIX","value":1,"timestamp":"TIME"}"#),
        (
            "positions",
            #"{"instance_id":"i1","symbol":"BTC","net_exposure":1,"gross_exposure":1,"updated_at":"TIME"}"#
        ), ("costs", #"{"instance_id":"i1","symbol":"BTC","cost_type":"FEE","amount":1,"timestamp":"TIME"}"#),
        (
            "execution-quality",
            #"{"instance_id":"i1","symbol":"BTC","slippage_bps":1,"latency_ms":1,"fill_ratio":1,"timestamp":"TIME"}"#
        ),
    ]

    private func with(
        _ settings: [String: String] = [:],
        _ body: @Sendable (RunningServer) async throws -> Void
    ) async throws {
        try await RunningServer.with(settings: settings) { server in
            try await server.waitUntilReady()
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat(at: Self.time()))
            try await body(server)
        }
    }

    /// Seconds from the server time in a response to now.
    private func offset(_ text: Any?) throws -> Double {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        let found = try #require(text as? String)
        return try Date(found, strategy: found.contains(".") ? style : .iso8601).timeIntervalSinceNow
    }

    @Test(arguments: reports.map(\.path))
    func `a report from 2099 is rejected with the server's time, and a current one is stored`(path: String) async throws
    {
        let template = try #require(Self.reports.first { $0.path == path }?.body)
        try await with { server in
            func report(_ time: String) -> String { template.replacing("TIME", with: time) }
            let answer = try await server.post("/ingest/\(path)", report(Self.far))
            #expect(answer.status == 422)
            let problem = try answer.json()
            #expect(problem["code"] as? String == "TIMESTAMP_AHEAD")
            let detail = try #require(problem["detail"] as? String)
            #expect(detail.contains("2099-01-01T00:00:00Z") && detail.contains("by more than 10 s"))
            #expect(abs(try offset(problem["server_time"])) < 30)
            #expect(try await server.post("/ingest/\(path)", report(Self.time(5))).status == 202)
            // In an array, only that element is rejected.
            let many = "[\(report(Self.time(-1))),\(report(Self.far)),\(report(Self.time(1)))]"
            let receipt = try await server.post("/ingest/\(path)", many).json()
            #expect(receipt["accepted"] as? Int == 2)
            let items = try #require(receipt["items"] as? [[String: Any]])
            #expect(items.map { $0["code"] as? String } == [nil, "TIMESTAMP_AHEAD", nil])
            #expect(abs(try offset(items[1]["server_time"])) < 30)
        }
    }

    @Test func `a report from 2099 freezes nothing`() async throws {
        try await with { server in
            for report in Self.reports {
                let body = report.body.replacing("TIME", with: Self.far)
                #expect(try await server.post("/ingest/\(report.path)", body).status == 422)
            }
            for report in Self.reports {
                let body = report.body.replacing("TIME", with: Self.time())
                #expect(try await server.post("/ingest/\(report.path)", body).body == #"{"status":"accepted"}"#)
            }
            let exposure = try await server.get("/portfolio/exposure").body
            #expect(exposure.contains(#""total_net_exposure":1,"#) && exposure.contains(#""latest_equity":1,"#))
            // A heartbeat of a bot with a wrong clock is still accepted.
            #expect(try await server.post("/ingest/heartbeat", RunningServer.heartbeat(at: Self.far)).status == 202)
        }
    }

    @Test func `operators configure how far ahead a timestamp may be`() async throws {
        try await with(["CLOCK_AHEAD_SECONDS": "3600"]) { server in
            let report = Self.reports[0].body
            let half = try await server.post("/ingest/metrics", report.replacing("TIME", with: Self.time(1_800)))
            #expect(half.status == 202)
            let two = try await server.post("/ingest/metrics", report.replacing("TIME", with: Self.time(7_200)))
            #expect(two.status == 422)
        }
    }

    @Test func `comparisons, rates and ends of runs must not be ahead either`() async throws {
        try await with(["BOOKS_CURRENCY": "USDT"]) { server in
            let token = RunningServer.token
            func code(_ path: String, _ body: String) async throws -> String? {
                let answer = try await server.post(path, body, token: token)
                return answer.status == 422 ? try answer.json()["code"] as? String : "\(answer.status)"
            }
            let comparison = """
                {"instance_id":"i1","exchange_equity":1,"internal_equity":1,"difference":0,"status":"OK","timestamp":"\(Self.far)"}
                """
            #expect(try await code("/reconcile", comparison) == "TIMESTAMP_AHEAD")
            let rate = #"{"quote_currency":"USDT","rates":[{"currency":"BNB","rate":1,"timestamp":"\#(Self.far)"}]}"#
            #expect(try await code("/fx-rates", rate) == "TIMESTAMP_AHEAD")
            let module = UUID().uuidString.lowercased()
            let registration = """
                {"module_id":"\(module)","name":"m","enabled":true,"execution_mode":"MANUAL","config":{},\
                "created_at":"\(Self.time())","updated_at":"\(Self.time())"}
                """
            #expect(try await code("/modules", registration) == "201")
            let run = try await server.post("/modules/\(module)/run", "{}", token: token).json()
            let id = try #require(run["run_id"] as? String)
            let headers = ["Content-Type": "application/json", "X-Admin-Token": token]
            let end = #"{"status":"SUCCEEDED","ended_at":"\#(Self.far)"}"#
            let answer = try await server.api.send("PATCH", "/module-runs/\(id)", headers: headers, body: end)
            #expect(try answer.json()["code"] as? String == "TIMESTAMP_AHEAD")
        }
    }

    @Test func `only admins repair timestamps`() async throws {
        try await with { server in
            let issued = try await server.post(
                "/tokens",
                #"{"name":"otto","roles":["operator"]}"#,
                token: RunningServer.token
            )
            let otto = try #require(try issued.json()["token"] as? String)
            #expect(try await server.post("/timestamp-repairs", "{}", token: otto).status == 403)
            let answer = try await server.post("/timestamp-repairs", #"{"dry_run":true}"#, token: RunningServer.token)
            #expect(answer.status == 200)
            #expect(answer.body.contains(#""ahead_seconds":10,"dry_run":true,"positions":0,"metric_samples":0"#))
        }
    }
}
