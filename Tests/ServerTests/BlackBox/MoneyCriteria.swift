import Foundation
import TestSupport
import Testing

/// Steps 7 to 10 of the agreed scope, each sentence as an external client would check it, on one server and on three.
@Suite struct MoneyCriteria {
    @Test(arguments: [1, 3])
    func `S7.1 metrics are a series, exact to the digit`(servers: Int) async throws {
        try await Site.with(servers) { site in
            _ = try await site.beat()
            var random = SplitMix()
            let points = (0..<1_000).shuffled(using: &random).map { number in
                """
                {"instance_id":"i1","symbol":"BTC","metric_type":"equity","value":\(number == 500 ? "0.1" : "\(number)"),\
                "timestamp":"2026-03-01T\(String(format: "%02d:%02d:%02d", 9 + number / 3600, number / 60 % 60, number % 60))Z"}
                """
            }
            for start in stride(from: 0, to: 1_000, by: 250) {
                let body = "[\(points[start..<start + 250].joined(separator: ","))]"
                #expect(try await site.send("POST", "/ingest/metrics", body).json()["accepted"] as? Int == 250)
            }
            let path = "/analytics/series?instance_id=i1&metric_type=equity&symbol=BTC&limit=1000"
            let answer = try await site.ask("GET", path + "&from=2026-03-01T09:00:00Z&to=2026-03-01T10:00:00Z")
            let found = try #require(try answer.json()["points"] as? [[String: Any]])
            #expect(found.count == 1_000)
            #expect(answer.body.contains(#"{"timestamp":"2026-03-01T09:08:20Z","value":0.1}"#))
            let times = found.compactMap { $0["timestamp"] as? String }
            #expect(times == times.sorted())
            for value in ["NaN", "Infinity", "1e400", "\"x\"", "null"] {
                #expect(try await site.metric("i1", "BTC", "equity", value) == 422, "\(value)")
            }
            #expect(try await site.metric("ghost", "BTC", "equity", "1") == 404)
        }
    }

    private func position(
        _ site: Site,
        _ instance: String,
        _ symbol: String,
        _ net: String,
        _ gross: String,
        ago: Double = 0
    ) async throws -> RawHTTP.Response {
        let body = """
            {"instance_id":"\(instance)","symbol":"\(symbol)","net_exposure":\(net),"gross_exposure":\(gross),\
            "updated_at":"\(Site.time(-ago))"}
            """
        return try await site.send("POST", "/ingest/positions", body)
    }

    @Test(arguments: [1, 3])
    func `S7.2 exposure is the sum of the current positions`(servers: Int) async throws {
        try await Site.with(servers) { site in
            _ = try await site.beat("i1")
            _ = try await site.beat("i2", bot: "b2")
            _ = try await position(site, "i2", "ETH", "-40", "60")
            _ = try await position(site, "i1", "BTC", "100", "150")
            let answer = try await site.ask("GET", "/portfolio/exposure")
            #expect(answer.body.contains(#""total_net_exposure":60,"total_gross_exposure":210"#))
            #expect(
                answer.body.contains(
                    #""by_symbol":[{"symbol":"BTC","net_exposure":100,"gross_exposure":150,"currency":null},{"symbol":"ETH","net_exposure":-40,"gross_exposure":60,"currency":null}]"#
                )
            )
            let stale = try await position(site, "i1", "BTC", "999", "999", ago: 600)
            #expect(stale.status == 202)
            #expect(try stale.json()["stale"] as? Bool == true)
            _ = try await position(site, "i1", "BTC", "-20", "20")
            #expect(try await site.ask("GET", "/portfolio/exposure").body.contains(#""total_net_exposure":-60"#))
            #expect(try await site.storm(50) { try await position(site, "i1", "SOL", "5", "5").status } == [202: 50])
            #expect(
                try await site.ask("GET", "/portfolio/exposure").body.contains(#"{"symbol":"SOL","net_exposure":5,"#)
            )
            for symbol in ["A", "B", "C"] { _ = try await position(site, "i2", symbol, "0.1", "0.1") }
            #expect(try await site.ask("GET", "/portfolio/exposure").body.contains(#""total_net_exposure":-54.7"#))
        }
    }

    private func reconcile(_ site: Site, _ instance: String, _ internalEquity: Int, _ status: String) async throws
        -> RawHTTP.Response
    {
        let body = """
            {"instance_id":"\(instance)","exchange_equity":1000,"internal_equity":\(internalEquity),\
            "difference":\(1_000 - internalEquity),"status":"\(status)","timestamp":"\(Site.time(0))"}
            """
        return try await site.ask("POST", "/reconcile", body)
    }

    @Test(arguments: [1, 3])
    func `S8 comparisons are stored and listed, and raise one alert`(servers: Int) async throws {
        try await Site.with(servers) { site in
            _ = try await site.beat("i1")
            _ = try await site.beat("i2")
            let first = try await reconcile(site, "i1", 950, "MISMATCH")
            #expect(first.status == 202)
            #expect(
                first.body.contains(
                    #""exchange_equity":1000,"internal_equity":950,"difference":50,"status":"MISMATCH""#
                )
            )
            let id = try #require(try first.json()["reconcile_id"] as? String)
            #expect(try await site.list("/reconcile/results")[0]["reconcile_id"] as? String == id)
            #expect(try await site.storm(10) { try await reconcile(site, "i1", 950, "MISMATCH").status } == [202: 10])
            let alerts = try await site.list("/alerts")
            #expect(alerts.count == 1)
            #expect(alerts[0]["severity"] as? String == "WARNING")
            #expect(alerts[0]["source"] as? String == "reconcile")
            #expect(alerts[0]["occurrences"] as? Int == 11)
            #expect(
                alerts[0]["message"] as? String
                    == "Reconciliation mismatch for i1: exchange=1000, internal=950, diff=50"
            )
            _ = try await reconcile(site, "i2", 1_000, "OK")
            #expect(try await site.list("/alerts?status=OPEN").count == 1)
            _ = try await reconcile(site, "i1", 1_000, "OK")
            #expect(try await site.list("/alerts")[0]["status"] as? String == "RESOLVED")
            #expect(
                try await site.ask("GET", "/reconcile/results?instance_id=i1&status=OK").json()["total"] as? Int == 1
            )
            #expect(try await site.ask("GET", "/reconcile/results?status=MISMATCH").json()["total"] as? Int == 11)
            #expect(try await site.ask("GET", "/reconcile/results?status=FINE").status == 422)
            #expect(try await reconcile(site, "ghost", 950, "MISMATCH").status == 404)
        }
    }

    @Test(arguments: [1, 3])
    func `S9 the net PnL is the newest profits less the costs, by symbol and in total`(servers: Int) async throws {
        try await Site.with(servers) { site in
            func pnl(_ query: String = "") async throws -> String {
                try await site.ask("GET", "/analytics/net-pnl\(query)").body
            }
            #expect(
                try await pnl().contains(
                    #""realized":null,"unrealized":null,"fees":null,"funding":null,"net_pnl":null"#
                )
            )
            _ = try await site.beat("i1")
            _ = try await site.beat("i2")
            for (type, value) in [("realized_pnl", "120"), ("unrealized_pnl", "30")] {
                #expect(try await site.metric("i1", "BTC", type, value) == 202)
            }
            #expect(try await site.cost("i1", "BTC", "FEE", "10") == 202)
            #expect(try await site.cost("i1", "BTC", "FUNDING", "5") == 202)
            #expect(try await pnl().contains(#""realized":120,"unrealized":30,"fees":10,"funding":5,"net_pnl":145"#))
            // An older sample changes nothing, a newer one replaces the value.
            _ = try await site.metric("i1", "BTC", "realized_pnl", "9999", ago: 3_600)
            #expect(try await pnl().contains(#""net_pnl":145"#))
            _ = try await site.metric("i1", "BTC", "realized_pnl", "100")
            _ = try await site.metric("i2", "ETH", "realized_pnl", "50.000000000000000001")
            _ = try await site.cost("i2", "ETH", "FEE", "1")
            #expect(try await pnl().contains(#""net_pnl":174.000000000000000001"#))
            #expect(try await pnl("?symbol=BTC").contains(#""net_pnl":125"#))
            #expect(try await pnl("?symbol=ETH").contains(#""net_pnl":49.000000000000000001"#))
            for type in ["fee", "TAX", ""] { #expect(try await site.cost("i1", "BTC", type, "1") == 422) }
            #expect(try await site.cost("ghost", "BTC", "FEE", "1") == 404)
        }
    }

    @Test(arguments: [1, 3])
    func `S10 execution quality is stored and averaged, and invalid samples are rejected`(servers: Int) async throws {
        try await Site.with(servers) { site in
            func post(_ slippage: String, _ latency: String, _ fill: String, _ symbol: String = "BTC") async throws
                -> Int
            {
                let body = """
                    {"instance_id":"i1","symbol":"\(symbol)","slippage_bps":\(slippage),"latency_ms":\(latency),"fill_ratio":\(fill),\
                    "timestamp":"\(Site.time(0))"}
                    """
                return try await site.send("POST", "/ingest/execution-quality", body).status
            }
            let path = "/analytics/execution-quality"
            let none = try await site.ask("GET", path).json()
            #expect(none["samples"] as? Int == 0)
            #expect(none["avg_slippage_bps"] as? Double == 0)
            _ = try await site.beat()
            #expect(try await post("2", "120", "0.95") == 202)
            #expect(try await post("4", "80", "0.90") == 202)
            let both = try await site.ask("GET", path).json()
            #expect(
                [both["avg_slippage_bps"], both["avg_latency_ms"], both["avg_fill_ratio"]].map { $0 as? Double } == [
                    3, 100, 0.925,
                ]
            )
            #expect(both["samples"] as? Int == 2)
            #expect(try await post("-1", "1", "1", "ETH") == 202)
            #expect(try await site.ask("GET", path + "?symbol=ETH").json()["samples"] as? Int == 1)
            for (slippage, latency, fill) in [
                ("1", "-1", "1"), ("1", "1", "1.01"), ("1", "1", "-0.1"), ("NaN", "1", "1"), ("1", "1e400", "1"),
            ] {
                #expect(try await post(slippage, latency, fill) == 422)
            }
            #expect(try await site.list("/analytics/execution-samples").count == 3)
            #expect(try await site.ask("GET", path, token: nil).status == 401)
        }
    }
}
