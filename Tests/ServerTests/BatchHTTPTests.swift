import Foundation
import TestSupport
import Testing

@testable import Server

/// Arrays on the ingest paths, the ledgers behind the figures, and CSV exports.
@Suite struct BatchHTTPTests {
    private let time = "2026-03-01T09:30:00Z"

    private func metric(_ instance: String, _ symbol: String, _ type: String, _ value: String, more: String = "")
        -> String
    {
        #"{"instance_id":"\#(instance)","symbol":"\#(symbol)","metric_type":"\#(type)","value":\#(value),"timestamp":"\#(time)"\#(more)}"#
    }

    private func cost(_ symbol: String, _ type: String, _ amount: String, more: String = "") -> String {
        #"{"instance_id":"i1","symbol":"\#(symbol)","cost_type":"\#(type)","amount":\#(amount),"timestamp":"\#(time)"\#(more)}"#
    }

    private func items(_ response: RawHTTP.Response) throws -> [[String: Any]] {
        try #require(try response.json()["items"] as? [[String: Any]])
    }

    @Test func `each element of an array is handled independently`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            _ = try await server.post(
                "/ingest/heartbeat",
                "[\(RunningServer.heartbeat("i1")),\(RunningServer.heartbeat("i2"))]"
            )
            #expect(try await server.get("/bots").json()["total"] as? Int == 2)
            let samples = [
                metric("i1", "BTC", "equity", "1"), metric("ghost", "BTC", "equity", "1"),
                metric("i1", "BTC", "equity", #""x""#),
                metric("i2", "BTC", "equity", "0.1"),
            ]
            let answer = try await server.post("/ingest/metrics", "[\(samples.joined(separator: ","))]")
            #expect(answer.status == 202)
            #expect(try answer.json()["accepted"] as? Int == 2)
            #expect(try answer.json()["rejected"] as? Int == 2)
            let items = try items(answer)
            #expect(items.map { $0["index"] as? Int } == [0, 1, 2, 3])
            #expect(items.map { $0["status"] as? String } == ["accepted", "rejected", "rejected", "accepted"])
            #expect(items[1]["code"] as? String == "INSTANCE_NOT_FOUND")
            #expect(items[2]["code"] as? String == "VALIDATION_FAILED")
            #expect((items[2]["errors"] as? [[String: Any]])?.first?["pointer"] as? String == "/value")
            let series = try await server.get("/analytics/series?instance_id=i2&metric_type=equity&symbol=BTC")
            #expect(series.body.contains(#""value":0.1"#))
            #expect(try await server.post("/ingest/metrics", "[]").json()["accepted"] as? Int == 0)
            #expect(try await server.post("/ingest/metrics", "[1]").status == 422)
            let many = Array(repeating: metric("i1", "BTC", "equity", "1"), count: 1_001).joined(separator: ",")
            #expect(try await server.post("/ingest/metrics", "[\(many)]").status == 422)
        }
    }

    @Test func `a retried array books nothing twice`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            let entries = "[\(cost("BTC", "FEE", "1")),\(cost("BTC", "FEE", "2"))]"
            for isFirst in [true, false] {
                let answer = try await server.post("/ingest/costs", entries, headers: ["Idempotency-Key": "k1"])
                #expect(try items(answer).map { $0["duplicate"] as? Bool } == (isFirst ? [nil, nil] : [true, true]))
            }
            for _ in 0..<2 {
                _ = try await server.post(
                    "/ingest/costs",
                    cost("BTC", "FUNDING", "5"),
                    headers: ["Idempotency-Key": "k2"]
                )
            }
            let conflict = try await server.post(
                "/ingest/costs",
                cost("BTC", "FUNDING", "6"),
                headers: ["Idempotency-Key": "k2"]
            )
            #expect(conflict.status == 409)
            let pnl = try await server.get("/analytics/net-pnl")
            #expect(pnl.body.contains(#""fees":3,"funding":5,"net_pnl":2"#))
        }
    }

    @Test func `different currencies are listed separately and never added`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            let usdt = #","currency":"USDT""#
            _ = try await server.post("/ingest/metrics", metric("i1", "BTC", "realized_pnl", "100", more: usdt))
            _ = try await server.post("/ingest/costs", cost("BTC", "FEE", "1.5", more: usdt))
            // With a single currency, the figures are in it.
            let one = try await server.get("/analytics/net-pnl")
            #expect(one.body.contains(#""realized":100,"unrealized":0,"fees":1.5,"funding":0,"net_pnl":98.5"#))
            #expect(try one.json()["currency"] as? String == "USDT")
            _ = try await server.post("/ingest/costs", cost("BTC", "FEE", "0.01", more: #","currency":"BNB""#))
            _ = try await server.post(
                "/ingest/costs",
                cost("BTC", "FEE", "0.01", more: #","currency":"BNB","fx_rate":"612.5""#)
            )
            let answer = try await server.get("/analytics/net-pnl")
            let json = try answer.json()
            #expect(json["currency"] is NSNull)
            #expect(
                try await server.post("/ingest/costs", cost("BTC", "FEE", "1", more: #","fx_rate":0"#)).status == 422
            )
            #expect(answer.body.contains(#""realized":null,"unrealized":0,"fees":null,"funding":0,"net_pnl":null"#))
            // The converted entry is the only one in the books' currency.
            #expect(
                answer.body.contains(
                    #"{"currency":null,"realized":0,"unrealized":0,"fees":6.125,"funding":0,"net_pnl":-6.125}"#
                )
            )
            let currencies = try #require(json["by_currency"] as? [[String: Any]])
            #expect(currencies.map { $0["currency"] as? String } == [nil, "BNB", "USDT"])
            #expect(
                answer.body.contains(
                    #"{"currency":"BNB","realized":0,"unrealized":0,"fees":0.01,"funding":0,"net_pnl":-0.01}"#
                )
            )
            // The parts add up, down to the ledger.
            let parts = try await server.get("/analytics/net-pnl/explanation")
            #expect(try parts.json()["total"] as? Int == 3)
            #expect(parts.body.contains(#""currency":"USDT","realized":100,"realized_at":"2026-03-01T09:30:00Z""#))
            #expect(parts.body.contains(#""fees":6.125,"fee_entries":1"#))
            let ledger = try await server.get("/analytics/costs?instance_id=i1&cost_type=FEE&page_size=2")
            #expect(try ledger.json()["total"] as? Int == 3)
            #expect(ledger.body.contains(#""amount":0.01,"currency":"BNB","fx_rate":612.5,"booked_amount":6.125"#))
            #expect(
                try await server.get("/analytics/costs?from=2026-03-01T09:30:00.000001Z").json()["total"] as? Int == 0
            )
        }
    }

    @Test func `no allowed amount makes a sum that cannot be represented`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            let most = String(repeating: "9", count: 38)
            for amount in [most, most, "-0.000000000000000001"] {
                #expect(try await server.post("/ingest/costs", cost("BTC", "FEE", amount)).status == 202)
            }
            #expect(try await server.post("/ingest/costs", cost("BTC", "FEE", most + "9")).status == 422)
            let sum = "1" + String(repeating: "9", count: 37) + "7.999999999999999999"
            let pnl = try await server.get("/analytics/net-pnl")
            #expect(pnl.status == 200)
            #expect(pnl.body.contains(#""fees":\#(sum),"funding":0,"net_pnl":-\#(sum)"#))
            #expect(try await server.get("/analytics/net-pnl/explanation").body.contains(#""fees":\#(sum)"#))
        }
    }

    @Test func `the curve is the sum of all instances, and each step is its last value`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            _ = try await server.post(
                "/ingest/heartbeat",
                "[\(RunningServer.heartbeat("i1")),\(RunningServer.heartbeat("i2"))]"
            )
            for (instance, clock, value) in [
                ("i1", "09:00:00", "100"), ("i2", "09:00:30", "50"), ("i1", "09:01:00", "70.5"),
                ("i2", "09:02:00", "49.5"),
            ] {
                let sample = metric(instance, "BTC", "equity", value).replacing(time, with: "2026-03-01T\(clock)Z")
                _ = try await server.post("/ingest/metrics", sample)
            }
            let curve = try await server.get("/analytics/equity-curve")
            #expect(
                curve.body.contains(
                    #""points":[{"timestamp":"2026-03-01T09:00:00Z","equity":100,"drawdown_pct":0.0,"instances":null},"#
                        + #"{"timestamp":"2026-03-01T09:00:30Z","equity":150,"drawdown_pct":0.0,"instances":null},"#
                        + #"{"timestamp":"2026-03-01T09:01:00Z","equity":120.5,"drawdown_pct":0.19666666666666666,"instances":null},"#
                        + #"{"timestamp":"2026-03-01T09:02:00Z","equity":120,"drawdown_pct":0.2,"instances":null}],"#
                        + #""peak_equity":150,"max_drawdown_pct":0.2,"has_more":false"#
                )
            )
            let steps = try await server.get(
                "/analytics/equity-curve?step_seconds=60&from=2026-03-01T09:00:10Z&limit=2"
            )
            #expect(
                steps.body.contains(
                    #""points":[{"timestamp":"2026-03-01T09:00:00Z","equity":150,"drawdown_pct":0.0,"instances":null},"#
                        + #"{"timestamp":"2026-03-01T09:01:00Z","equity":120.5,"#
                )
            )
            #expect(steps.body.contains(#""has_more":true"#))
            let file = try await server.get("/analytics/series.csv?instance_id=i1&metric_type=equity&symbol=BTC")
            #expect(file.body == "timestamp,value\r\n2026-03-01T09:00:00Z,100\r\n2026-03-01T09:01:00Z,70.5\r\n")
            #expect(
                try await server.get("/analytics/series.csv?instance_id=ghost&metric_type=e&symbol=B").status == 404
            )
        }
    }

    @Test func `equities in different currencies are not summed either`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            for (currency, value) in [("USDT", "100"), ("EUR", "7")] {
                _ = try await server.post(
                    "/ingest/metrics",
                    metric("i1", "BTC", "equity", value, more: #","currency":"\#(currency)""#)
                )
            }
            #expect(try await server.get("/analytics/equity-drawdown").body.contains(#""latest_equity":null"#))
            #expect(
                try await server.get("/analytics/equity-drawdown?currency=EUR").body.contains(#""latest_equity":7"#)
            )
            let series = "/analytics/series?instance_id=i1&metric_type=equity&symbol=BTC"
            #expect(try await server.get(series + "&currency=USDT").body.contains(#""value":100"#))
            #expect(try await server.get("/portfolio/exposure").body.contains(#""latest_equity":null"#))
        }
    }

    @Test func `samples and ledgers are exported as files without spreadsheet formulas`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat("=1+1"))
            let sample =
                #"{"instance_id":"=1+1","symbol":"a,\"b","slippage_bps":-2.5,"latency_ms":80,"fill_ratio":0.95,"timestamp":"\#(time)"}"#
            #expect(try await server.post("/ingest/execution-quality", sample).status == 202)
            #expect(try await server.get("/analytics/execution-samples?symbol=a,%22b").json()["total"] as? Int == 1)
            let file = try await server.get("/analytics/execution-samples.csv")
            #expect(file.headers["content-type"] == "text/csv")
            let lines = file.body.components(separatedBy: "\r\n")
            #expect(lines[0] == "ordinal,instance_id,symbol,slippage_bps,latency_ms,fill_ratio,timestamp,received_at")
            #expect(lines[1].hasPrefix(#"1,'=1+1,"a,""b",-2.5,80,0.95,2026-03-01T09:30:00Z,"#))
            #expect(lines.count == 3)
            let costs = try await server.get("/analytics/costs.csv")
            #expect(
                costs.body
                    == "ordinal,instance_id,entry_id,symbol,cost_type,amount,currency,fx_rate,booked_amount,timestamp,received_at\r\n"
            )
            #expect(try await server.get("/analytics/costs.csv", token: nil).status == 401)
        }
    }
}
