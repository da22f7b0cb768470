import Foundation
import TestSupport
import Testing

@testable import Server

/// The contract's limits for texts, numbers and schedules, over HTTP.
@Suite struct LimitTests {
    private let time = "2026-03-01T09:30:00Z"

    /// The pointers of the violations in a response; empty if the request was accepted.
    private func violations(_ answer: RawHTTP.Response) throws -> [String] {
        if answer.status < 300 { return [] }
        try #require(answer.status == 422, "\(answer.status) \(answer.body)")
        let errors = try #require(try answer.json()["errors"] as? [[String: Any]])
        return errors.map { "\($0["pointer"] ?? "") \($0["keyword"] ?? "")" }
    }

    @Test func `names have no control or format characters`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            // Line breaks, U+0000, an Arabic character that joins with a following '<', and characters that change the direction of text.
            for character in [
                "\\n", "\\u0000", "\\u0085", "\\u0600", "\\u202e", "\\u2066", "\\ufeff", "\\u2028", "\\udb40\\udc41",
            ] {
                for member in ["instance_id", "bot_id", "exchange", "symbol", "version"] {
                    let body = RunningServer.heartbeat().replacing(
                        try Regex("\"\(member)\":\"[^\"]*\""),
                        with: "\"\(member)\":\"a\(character)b\""
                    )
                    let found = try violations(try await server.post("/ingest/heartbeat", body))
                    #expect(found.contains("/\(member) pattern"), "\(member) \(character)")
                }
            }
            let plain = RunningServer.heartbeat().replacing("binance", with: "Börse 東京 😀")
            #expect(try await server.post("/ingest/heartbeat", plain).status == 202)
        }
    }

    @Test func `no text contains U+0000, at any depth`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            for metadata in [#"{"a\u0000":1}"#, #"{"a":["b\u0000"]}"#, #"{"a":{"b":{"\u0000":null}}}"#] {
                let body = RunningServer.heartbeat().dropLast() + #","metadata":\#(metadata)}"#
                let found = try violations(try await server.post("/ingest/heartbeat", String(body)))
                #expect(found.count == 1 && found[0].hasSuffix(" format"), "\(found)")
            }
        }
    }

    /// A decimal as sent, and as returned; nil if it is rejected.
    @Test(
        arguments: [
            ("1", "1"), ("-0.000000000000000001", "-0.000000000000000001"), (#""12.50""#, "12.5"),
            (#""1E-7""#, "0.0000001"),
            (#""1.2345678901E-7""#, "0.00000012345678901"), (#""0E+3""#, "0"),
            (#""-4e37""#, "-4" + String(repeating: "0", count: 37)),
            (String(repeating: "9", count: 38), String(repeating: "9", count: 38)), ("1e38", nil), ("1e-19", nil),
            (#""""#, nil),
            (#""oC""#, nil), (#"" 1""#, nil), (#""1.""#, nil), (#""01""#, nil), (#""NaN""#, nil), (#""1e38""#, nil),
            (#""1E-19""#, nil),
            (#""0.0000000000000000001""#, nil), (#""1,5""#, nil),
        ] as [(String, String?)]
    )
    func `a decimal is exact or rejected`(sent: String, answered: String?) async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            let sample =
                #"{"instance_id":"i1","symbol":"BTC","metric_type":"equity","value":\#(sent),"timestamp":"\#(time)"}"#
            let answer = try await server.post("/ingest/metrics", sample)
            #expect(answer.status == (answered == nil ? 422 : 202), "\(answer.body)")
            guard let answered else { return }
            let series = try await server.get("/analytics/series?instance_id=i1&symbol=BTC&metric_type=equity")
            #expect(series.body.contains("\"value\":\(answered)}"), "\(series.body)")
        }
    }

    @Test func `a decimal in a string keeps its bounds`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            func sample(_ latency: String, _ ratio: String) -> String {
                #"{"instance_id":"i1","symbol":"BTC","slippage_bps":"0","latency_ms":"\#(latency)","fill_ratio":"\#(ratio)","#
                    + #""timestamp":"\#(time)"}"#
            }
            func cost(_ rate: String) -> String {
                #"{"instance_id":"i1","symbol":"BTC","cost_type":"FEE","amount":"1","timestamp":"\#(time)","currency":"BNB","#
                    + #""fx_rate":"\#(rate)"}"#
            }
            for (latency, ratio, expected) in [
                ("0", "0", []), ("80.5", "1.0", []), ("1e3", "9.5e-1", []), ("-1", "1", ["/latency_ms pattern"]),
                ("1", "1.1", ["/fill_ratio pattern"]), ("1", "-0.5", ["/fill_ratio pattern"]),
                ("1", "2e0", ["/fill_ratio pattern"]),
            ] as [(String, String, [String])] {
                let answer = try await server.post("/ingest/execution-quality", sample(latency, ratio))
                #expect(try violations(answer) == expected, "\(latency) \(ratio)")
            }
            for (rate, expected) in [
                ("612.5", []), ("1e-18", []), ("0", ["/fx_rate pattern"]), ("0.00", ["/fx_rate pattern"]),
                ("-1", ["/fx_rate pattern"]),
            ] as [(String, [String])] {
                #expect(try violations(try await server.post("/ingest/costs", cost(rate))) == expected, "\(rate)")
            }
        }
    }

    @Test func `pages, keys and positions have limits`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            #expect(try await server.get("/bots?page=1000000000").status == 200)
            #expect(try violations(try await server.get("/bots?page=1000000001")) == ["/query/page maximum"])
            #expect(try violations(try await server.get("/bots?page=9223372036854775807")) == ["/query/page maximum"])
            let key = ["Idempotency-Key": "é"]
            let bulk = try await server.post("/commands/bulk", "{}", token: RunningServer.token, headers: key)
            #expect(try violations(bulk).contains("/header/Idempotency-Key pattern"))
            let late = ["X-Admin-Token": RunningServer.token, "Last-Event-ID": "99999999999999999999-1"]
            let events = try await server.api.send("GET", "/events", headers: late)
            #expect(try violations(events) == ["/header/Last-Event-ID pattern"])
        }
    }

    /// The registration of a module with this schedule.
    private func module(_ id: String, _ schedule: String) -> String {
        #"{"module_id":"\#(id)","name":"m","enabled":true,"execution_mode":"SCHEDULED","config":{},"schedule_cron":"\#(schedule)","#
            + #""created_at":"\#(time)","updated_at":"\#(time)"}"#
    }

    @Test(
        arguments: [
            ("*/5 * * * *", []), ("0 22-1/2 * jan,JUL MON-fri", []), ("0\t0  1 1 7", []), ("@daily", []),
            ("0", ["pattern"]),
            ("* * * * * *", ["pattern"]), ("60 * * * *", ["pattern"]), ("*/0 * * * *", ["pattern"]),
            ("1,,2 * * * *", ["pattern"]),
            (" * * * * *", ["pattern"]), ("@often", ["pattern"]), ("0 0 31 2 *", ["cron"]),
        ] as [(String, [String])]
    )
    func `a schedule matches its pattern, and at least one day matches it`(schedule: String, keywords: [String])
        async throws
    {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let body = module("6f1c0a52-7c1b-4b0e-8f43-0d2c9a7b5e10", schedule.replacing("\t", with: "\\t"))
            let answer = try await server.post("/modules", body, token: RunningServer.token)
            #expect(try violations(answer) == keywords.map { "/schedule_cron \($0)" })
        }
    }

    @Test func `the summary of a run is a text or an object`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let id = "6f1c0a52-7c1b-4b0e-8f43-0d2c9a7b5e10"
            _ = try await server.post("/modules", module(id, "@daily"), token: RunningServer.token)
            let large = #"{"a":"\#(String(repeating: "x", count: 4088))"}"#
            for (summary, expected) in [
                (#""by hand""#, "by hand"), ("null", nil),
                (#"{ "symbols": ["BTC", "\u0041"], "n": 1.50 }"#, #"{"symbols":["BTC","A"],"n":1.50}"#),
                ("{}", "{}"), (large, large),
            ] as [(String, String?)] {
                let path = "/modules/\(id)/run"
                let run = try await server.post(path, #"{"summary":\#(summary)}"#, token: RunningServer.token)
                #expect(run.status == 202, "\(run.body)")
                #expect(try run.json()["summary"] as? String == expected)
                let stored = try await server.get("/module-runs/\(try #require(try run.json()["run_id"] as? String))")
                #expect(try stored.json()["summary"] as? String == expected)
            }
            for (summary, violation) in [
                (#"{"a":"\#(String(repeating: "x", count: 4089))"}"#, "/summary maxLength"), ("[]", "/summary type"),
                (#"{"a\u0000":1}"#, #"/summary/a\#u{0} format"#),
            ] {
                let answer = try await server.post(
                    "/modules/\(id)/run",
                    #"{"summary":\#(summary)}"#,
                    token: RunningServer.token
                )
                #expect(try violations(answer) == [violation])
            }
        }
    }

    @Test func `only a run that has ended has an end time`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let path = "/module-runs/0b9f6c1e-2a54-4d55-9f0e-6b6f3f2f6d11"
            for (status, expected) in [("RUNNING", 422), ("QUEUED", 422), ("SUCCEEDED", 404), ("CANCELED", 404)] {
                let body = #"{"status":"\#(status)","ended_at":"\#(time)"}"#
                let headers = ["X-Admin-Token": RunningServer.token, "Content-Type": "application/json"]
                #expect(try await server.api.send("PATCH", path, headers: headers, body: body).status == expected)
            }
        }
    }
}
