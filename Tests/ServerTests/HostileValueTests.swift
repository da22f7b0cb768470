import Foundation
import TestSupport
import Testing

@testable import Server

/// Valid but hostile values: the server shows them, and neither fails nor returns them as markup.
@Suite struct HostileValueTests {
    private func with(_ body: @Sendable (RunningServer, Browser) async throws -> Void) async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            try await body(server, try await Browser(server))
        }
    }

    private func sample(latency: String) -> String {
        """
        {"instance_id":"i1","symbol":"BTCUSDT","slippage_bps":-1e30,"latency_ms":\(latency),"fill_ratio":1,\
        "timestamp":"\(Date.now.addingTimeInterval(-60).ISO8601Format())"}
        """
    }

    @Test func `a latency of 1e30 is shown as a power of ten`() async throws {
        try await with { server, browser in
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            let answer = try await server.post("/ingest/execution-quality", sample(latency: "1e30"))
            #expect(answer.status == 202)
            let page = try await browser.get("/analytics?tab=execution")
            #expect(page.status == 200)
            #expect(page.body.contains("1.00 × 10³⁰"))
            #expect(page.body.contains("−1.00 × 10³⁰"))
        }
    }

    @Test func `an equity of 1e30 is drawn`() async throws {
        try await with { server, browser in
            let now = Date.now
            let times = [-3_600.0, -1_800, 0].map { now.addingTimeInterval($0).ISO8601Format() }
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat(at: times[2]))
            for time in times {
                let sample = """
                    {"instance_id":"i1","symbol":"BTCUSDT","metric_type":"equity","value":1e30,"timestamp":"\(time)"}
                    """
                #expect(try await server.post("/ingest/metrics", sample).status == 202)
            }
            for path in [
                "/dashboard", "/bots", "/bots/b1", "/bots/b1?tab=metrics", "/analytics?tab=equity&symbol=BTCUSDT",
            ] {
                let page = try await browser.get(path)
                #expect(page.status == 200, "\(path)")
                #expect(!page.body.contains(",nan") && !page.body.contains(",inf"), "\(path)")
            }
            #expect(try await browser.get("/analytics?tab=equity&symbol=BTCUSDT").body.contains("1.00 × 10³⁰"))
        }
    }

    @Test(arguments: ["9223372036854775807", "-9223372036854775808", "99999999999999999999", "0", "x"])
    func `any page number gets a response`(number: String) async throws {
        try await with { server, browser in
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            for path in ["/bots", "/commands", "/alerts", "/audit", "/portfolio", "/reconciliation", "/analytics"] {
                #expect(try await browser.get("\(path)?page=\(number)").status < 500, "\(path)")
            }
        }
    }

    @Test func `a preview of any count gets a response`() async throws {
        try await with { server, browser in
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            for count in ["-9223372036854775808", "9223372036854775807"] {
                let form =
                    "type=STOP&instance=i1&preview=\(count.replacing("-", with: "%2D"))-0&ttl=300&reason=12345678"
                #expect(try await browser.post("/commands", form).status == 409)
            }
        }
    }

    @Test func `markup that Swift combines into other characters is escaped`() async throws {
        try await with { server, browser in
            // To Swift, the format character and the sign after it are one character, as are a sign and its accent.
            let exchange = #"\u0600<meta http-equiv=refresh content=0;url=//evil.example \u0600>"#
            let bot = #"b\"\u0301 onmouseover=alert(1) x=\"\u0301"#
            let heartbeat = """
                {"instance_id":"i'\u{301}&\u{301}","bot_id":"\(bot)","runtime_mode":"LIVE","exchange":"\(exchange)",\
                "symbol":"BTC","version":"1.0","timestamp":"2026-03-01T09:30:00Z"}
                """
            let answer = try await server.post("/ingest/heartbeat", heartbeat)
            // The contract may reject such names altogether.
            guard answer.status == 202 else { return #expect(answer.status == 422) }
            for path in ["/bots", "/dashboard", "/killswitch"] {
                let page = try await browser.get(path).body.unicodeScalars
                #expect(!page.contains("<meta http-equiv".unicodeScalars), "\(path)")
                #expect(!page.contains("\"\u{301} onmouseover".unicodeScalars), "\(path)")
            }
            let bots = try await browser.get("/bots").body.unicodeScalars
            #expect(bots.contains("\u{600}&lt;meta http-equiv=refresh".unicodeScalars))
            #expect(bots.contains("b&quot;\u{301} onmouseover".unicodeScalars))
            #expect(bots.contains("i&#39;\u{301}&amp;\u{301}".unicodeScalars))
        }
    }

    @Test func `a quote with an accent does not end a cell of a CSV file`() async throws {
        try await with { server, _ in
            let heartbeat = """
                {"instance_id":"i1","bot_id":"a\\"\u{301},=1+1","runtime_mode":"LIVE","exchange":"\u{600}=2+2",\
                "symbol":"BTC","version":"1.0","timestamp":"2026-03-01T09:30:00Z"}
                """
            let answer = try await server.post("/ingest/heartbeat", heartbeat)
            guard answer.status == 202 else { return #expect(answer.status == 422) }
            let csv = try await server.get("/instances.csv").body.unicodeScalars
            #expect(csv.contains("\"a\"\"\u{301},=1+1\"".unicodeScalars))
            #expect(csv.contains(",'\u{600}=2+2,".unicodeScalars))
        }
    }

    @Test func `names that differ only in normalization are different names`() async throws {
        try await with { server, _ in
            let ids = ["caf\u{E9}", "cafe\u{301}", "K", "\u{212A}"]
            for id in ids {
                #expect(try await server.post("/ingest/heartbeat", RunningServer.heartbeat(id)).status == 202)
            }
            for (index, id) in ids.enumerated() {
                let sample = """
                    {"instance_id":"\(id)","symbol":"BTC","metric_type":"equity","value":\(index + 1),\
                    "timestamp":"2026-03-01T09:30:00Z"}
                    """
                #expect(try await server.post("/ingest/metrics", sample).status == 202)
            }
            for (index, id) in ids.enumerated() {
                let name = id.utf8.map { "%" + String($0, radix: 16) }.joined()
                let path = "/analytics/series?instance_id=\(name)&metric_type=equity&symbol=BTC"
                let points = try await server.get(path).json()["points"] as? [[String: Any]]
                #expect(points?.count == 1 && points?.first?["value"] as? Int == index + 1, "\(path): \(points ?? [])")
            }
            // The same for keys of an object.
            let metadata = #"{"caf\u00e9":1,"cafe\u0301":2}"#
            let heartbeat = RunningServer.heartbeat().dropLast() + #","metadata":\#(metadata)}"#
            let beat = try await server.post("/ingest/heartbeat", String(heartbeat))
            #expect(beat.status == 202, "\(beat.body)")
            let command = """
                {"command_id":"0b9f6c1e-2a54-4d55-9f0e-6b6f3f2f6d11","instance_id":"i1","command_type":"SYNC_BALANCE",\
                "ttl_seconds":60,"payload":\(metadata)}
                """
            let answer = try await server.post("/commands", command, token: RunningServer.token)
            #expect(answer.status == 202, "\(answer.body)")
        }
    }

    @Test func `an agent's token is not valid for an id that looks the same`() async throws {
        try await RunningServer.with(settings: ["AGENT_AUTH": "required"]) { server in
            try await server.waitUntilReady()
            let issued = try await server.post("/instances/K/tokens", "{}", token: RunningServer.token)
            let secret = try issued.json()["token"] as? String ?? ""
            let headers = ["X-Agent-Token": secret]
            #expect(
                try await server.post("/ingest/heartbeat", RunningServer.heartbeat("K"), headers: headers).status == 202
            )
            let other = try await server.post(
                "/ingest/heartbeat",
                RunningServer.heartbeat("\u{212A}"),
                headers: headers
            )
            #expect(other.status == 403)
        }
    }

    @Test func `times at the ends of the calendar are stored and shown, and those beyond are rejected`() async throws {
        try await with { server, browser in
            for (id, time, status) in [
                ("a", "0001-01-01T00:00:00Z", 202), ("b", "9999-12-31T23:59:59Z", 202),
                ("c", "0000-01-01T00:00:00+23:59", 422), ("d", "9999-12-31T23:59:59-23:59", 422),
            ] {
                let answer = try await server.post("/ingest/heartbeat", RunningServer.heartbeat(id, at: time))
                #expect(answer.status == status, "\(time): \(answer.body)")
            }
            #expect(try await server.get("/instances").status == 200)
            #expect(try await browser.get("/bots").status == 200)
        }
    }
}
