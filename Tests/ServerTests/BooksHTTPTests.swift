import Foundation
import TestSupport
import Testing

@testable import Server

/// Books with a currency: totals are converted into it, and amounts that cannot be converted are listed separately.
@Suite struct BooksHTTPTests {
    private let inUSDT = ["BOOKS_CURRENCY": "USDT"]

    /// A time relative to now, in RFC 3339.
    private static func time(_ secondsFromNow: Double = 0) -> String {
        Date.now.addingTimeInterval(secondsFromNow).ISO8601Format()
    }

    /// Runs `body` with a server and an instance `i1`.
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

    private func metric(
        _ type: String,
        _ value: String,
        _ currency: String? = nil,
        secondsAgo: Double = 60,
        on server: RunningServer
    ) async throws {
        let unit = currency.map { #","currency":"\#($0)""# } ?? ""
        let sample = """
            {"instance_id":"i1","symbol":"BTCUSDT","metric_type":"\(type)","value":\(value),\
            "timestamp":"\(Self.time(-secondsAgo))"\(unit)}
            """
        #expect(try await server.post("/ingest/metrics", sample).status == 202)
    }

    private func fee(_ amount: String, _ more: String = "", on server: RunningServer) async throws {
        let entry = """
            {"instance_id":"i1","symbol":"BTCUSDT","cost_type":"FEE","amount":\(amount),"timestamp":"\(Self.time(-60))"\(more)}
            """
        #expect(try await server.post("/ingest/costs", entry).status == 202)
    }

    private func rate(
        _ currency: String,
        _ rate: String,
        quote: String = "USDT",
        secondsAgo: Double = 0,
        token: String? = RunningServer.token,
        on server: RunningServer
    ) async throws -> RawHTTP.Response {
        let body = """
            {"quote_currency":"\(quote)","rates":[{"currency":"\(currency)","rate":\(rate),"timestamp":"\(Self.time(-secondsAgo))"}]}
            """
        return try await server.post("/fx-rates", body, token: token)
    }

    // MARK: - NetPnL

    @Test func `without a currency of the books, several currencies have no total`() async throws {
        try await with { server in
            try await metric("realized_pnl", "50000", "USDT", on: server)
            try await fee("0.01", #","currency":"BNB""#, on: server)
            let answer = try await server.get("/analytics/net-pnl")
            #expect(answer.body.contains(#""realized":null,"unrealized":0,"fees":null,"funding":0,"net_pnl":null"#))
            #expect(answer.body.contains(#""currency":null"#))
            #expect(
                answer.body.contains(
                    #""unconverted":[{"currency":"BNB","realized":0,"unrealized":0,"fees":0.01,"funding":0,"net_pnl":-0.01},"#
                        + #"{"currency":"USDT","realized":50000,"unrealized":0,"fees":0,"funding":0,"net_pnl":50000}]"#
                )
            )
        }
    }

    @Test func `missing reports are not a profit of 0`() async throws {
        try await with(inUSDT) { server in
            let pnl = try await server.get("/analytics/net-pnl").body
            #expect(pnl.contains(#""realized":null,"unrealized":null,"fees":null,"funding":null,"net_pnl":null"#))
            #expect(pnl.contains(#""by_mode":[],"currency":"USDT","by_currency":[],"unconverted":[],"rates":[]"#))
            #expect(try await server.get("/portfolio/exposure").body.contains(#""latest_equity":null"#))
            let drawdown = try await server.get("/analytics/equity-drawdown").body
            #expect(drawdown.contains(#""samples":0,"peak_equity":null,"latest_equity":null,"max_drawdown_abs":null"#))
        }
    }

    @Test func `amounts without a currency are in the books' currency, and a recent rate converts the others`()
        async throws
    {
        try await with(inUSDT) { server in
            try await metric("realized_pnl", "50000", "USDT", on: server)
            try await metric("unrealized_pnl", "10", on: server)
            try await fee("0.01", #","currency":"BNB""#, on: server)
            try await fee("0.02", #","currency":"BNB","fx_rate":600"#, on: server)
            let before = try await server.get("/analytics/net-pnl").body
            #expect(
                before.contains(#""realized":50000,"unrealized":10,"fees":null,"funding":0,"net_pnl":null,"by_mode":"#)
            )
            #expect(before.contains(#""currency":"USDT""#))
            #expect(before.contains(#""unconverted":[{"currency":"BNB","realized":0,"#))
            // A rate that is too old does not count.
            #expect(try await rate("BNB", "1", secondsAgo: 3_601, on: server).status == 200)
            #expect(try await server.get("/analytics/net-pnl").body.contains(#""net_pnl":null"#))
            #expect(try await rate("BNB", "612.5", secondsAgo: 30, on: server).status == 200)
            let answer = try await server.get("/analytics/net-pnl")
            // 0.01 at the newest rate, and 0.02 at the entry's rate.
            #expect(
                answer.body.contains(
                    #""realized":50000,"unrealized":10,"fees":18.125,"funding":0,"net_pnl":49991.875,"by_mode":"#
                        + #"[{"runtime_mode":"LIVE","realized":50000,"unrealized":10,"fees":18.125,"funding":0,"net_pnl":49991.875}]"#
                )
            )
            let json = try answer.json()
            #expect((json["unconverted"] as? [Any])?.isEmpty == true)
            let used = try #require(json["rates"] as? [[String: Any]])
            #expect(used.count == 1)
            #expect(used.first?["currency"] as? String == "BNB")
            #expect(used.first?["rate"] as? Double == 612.5)
            #expect((29...90).contains(used.first?["age_seconds"] as? Int ?? 0))
            let currencies = json["by_currency"] as? [[String: Any]]
            #expect(currencies?.map { $0["currency"] as? String } == ["BNB", "USDT"])
        }
    }

    @Test func `an amount of 0 needs no rate`() async throws {
        try await with(inUSDT) { server in
            try await metric("realized_pnl", "5", "USDT", on: server)
            try await metric("realized_pnl", "0", "EUR", on: server)
            let answer = try await server.get("/analytics/net-pnl").body
            #expect(answer.contains(#""net_pnl":5,"#))
            #expect(answer.contains(#""unconverted":[]"#))
        }
        try await with { server in
            try await metric("realized_pnl", "5", "USDT", on: server)
            try await metric("realized_pnl", "0", "EUR", on: server)
            let answer = try await server.get("/analytics/net-pnl").body
            #expect(answer.contains(#""net_pnl":5,"#))
            #expect(answer.contains(#""currency":"USDT""#))
        }
    }

    // MARK: - Equity

    @Test func `a sample without a currency does not hide the equity in another one`() async throws {
        try await with { server in
            try await metric("equity", "1000000", "USDT", on: server)
            try await metric("equity", "100", on: server)
            let exposure = try await server.get("/portfolio/exposure").body
            #expect(exposure.contains(#""latest_equity":null,"#))
            #expect(
                exposure.contains(
                    #""unconverted_equity":[{"currency":null,"equity":100},{"currency":"USDT","equity":1000000}]"#
                )
            )
            let drawdown = try await server.get("/analytics/equity-drawdown").body
            #expect(drawdown.contains(#""latest_equity":null"#))
            #expect(drawdown.contains(#""currency":null,"other_currencies":[null,"USDT"]"#))
            let curve = try await server.get("/analytics/equity-curve").body
            #expect(curve.contains(#""currency":null,"other_currencies":[null,"USDT"],"#))
            #expect(curve.contains(#""points":[]"#))
            let chosen = try await server.get("/analytics/equity-curve?currency=USDT").body
            #expect(chosen.contains(#""currency":"USDT","other_currencies":[null],"#))
            #expect(chosen.contains(#""equity":1000000"#))
        }
    }

    @Test func `equity is in the books' currency, and curves list the omitted currencies`() async throws {
        try await with(inUSDT) { server in
            try await metric("equity", "1000000", "USDT", secondsAgo: 90, on: server)
            try await metric("equity", "100", secondsAgo: 80, on: server)
            #expect(try await server.get("/portfolio/exposure").body.contains(#""latest_equity":1000100"#))
            try await metric("equity", "10", "EUR", on: server)
            #expect(try await server.get("/portfolio/exposure").body.contains(#""latest_equity":null"#))
            #expect(try await rate("EUR", "1.1", on: server).status == 200)
            let exposure = try await server.get("/portfolio/exposure").body
            #expect(exposure.contains(#""latest_equity":1000111,"#))
            #expect(exposure.contains(#""rates":[{"currency":"EUR","rate":1.1,"#))
            // History is not converted at the current rate.
            let curve = try await server.get("/analytics/equity-curve").body
            #expect(curve.contains(#""currency":"USDT","other_currencies":["EUR"],"#))
            #expect(curve.contains(#""equity":1000100,"#))
            let drawdown = try await server.get("/analytics/equity-drawdown").body
            #expect(drawdown.contains(#""peak_equity":1000100,"latest_equity":1000100,"#))
            #expect(drawdown.contains(#""other_currencies":["EUR"]"#))
            let series = "/analytics/series?instance_id=i1&metric_type=equity&symbol=BTCUSDT"
            #expect(try await server.get(series).body.contains(#""value":1000000}"#))
            #expect(try await server.get(series).body.contains(#""value":100}"#))
        }
    }

    @Test func `recorded equity is in one currency, and the other currencies are listed`() async throws {
        try await with(inUSDT.merging(["CHECK_INTERVAL_SECONDS": "1"]) { $1 }) { server in
            // Records made in the meantime contain at least the euros.
            try await metric("equity", "7", "EUR", on: server)
            try await metric("equity", "40", "USDT", on: server)
            try await metric("equity", "2", on: server)
            let deadline = ContinuousClock.now + .seconds(90)
            var body = ""
            while !body.contains(#""equity":42"#), ContinuousClock.now < deadline {
                body = try await server.get("/fleet/equity").body
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(body.contains(#""currency":"USDT","other_currencies":["EUR"],"#))
            #expect(body.contains(#""equity":42,"#))
            let euro = try await server.get("/fleet/equity?currency=EUR").body
            #expect(euro.contains(#""currency":"EUR","other_currencies":["USDT"],"#))
        }
    }

    // MARK: - Instances

    @Test func `an instance's daily figures are converted, and null if a rate is missing`() async throws {
        try await with(inUSDT) { server in
            try await metric("realized_pnl", "100", "USDT", on: server)
            try await fee("1", on: server)
            try await fee("2", #","currency":"BNB""#, on: server)
            #expect(try await server.get("/instances").body.contains(#""net_pnl_day":null"#))
            #expect(try await rate("BNB", "10", on: server).status == 200)
            #expect(try await server.get("/instances").body.contains(#""net_pnl_day":79"#))
        }
    }

    // MARK: - Rates

    @Test func `rates come from operators, are in the books' currency, and are listed newest first`() async throws {
        try await with(inUSDT) { server in
            let issued = try await server.post(
                "/tokens",
                #"{"name":"eve","roles":["viewer"]}"#,
                token: RunningServer.token
            )
            let viewer = try #require(try issued.json()["token"] as? String)
            #expect(try await rate("EUR", "1.1", token: nil, on: server).status == 401)
            #expect(try await rate("EUR", "1.1", token: viewer, on: server).status == 403)
            let foreign = try await rate("EUR", "1.1", quote: "USD", on: server)
            #expect(foreign.status == 409)
            #expect(try foreign.json()["code"] as? String == "NOT_THE_BOOKS_CURRENCY")
            #expect(try await rate("USDT", "1.1", on: server).json()["code"] as? String == "RATE_OF_BOOKS_CURRENCY")
            for amount in ["0", "-1", #""NaN""#] {
                #expect(try await rate("EUR", amount, on: server).status == 422, "\(amount)")
            }
            #expect(try await rate("EUR", "1.1", secondsAgo: 10, on: server).status == 200)
            // An older rate that arrives late changes nothing.
            #expect(try await rate("EUR", "9", secondsAgo: 20, on: server).status == 200)
            #expect(try await rate("BTC", #""61000.5""#, secondsAgo: 4_000, on: server).status == 200)
            let list = try await server.get("/fx-rates", token: viewer)
            #expect(list.body.contains(#""books_currency":"USDT","max_age_seconds":3600"#))
            let rates = try #require(try list.json()["rates"] as? [[String: Any]])
            #expect(rates.map { $0["currency"] as? String } == ["BTC", "EUR"])
            #expect(rates.map { $0["rate"] as? Double } == [61_000.5, 1.1])
            #expect(rates.map { $0["is_usable"] as? Bool } == [false, true])
            #expect(rates.map { $0["reported_by"] as? String } == ["admin-token-user", "admin-token-user"])
            let log = try await server.get("/audit/logs?action=FX_RATES_REPORT").json()
            let entries = try #require(log["items"] as? [[String: Any]])
            #expect(entries.map { $0["result"] as? String }.filter { $0 == "SUCCESS" }.count == 3)
        }
    }

    @Test func `without a currency of the books no rate is accepted`() async throws {
        try await with { server in
            let answer = try await rate("EUR", "1.1", on: server)
            #expect(answer.status == 409)
            #expect(try answer.json()["code"] as? String == "BOOKS_CURRENCY_UNSET")
            #expect(try await server.get("/fx-rates").body.contains(#""books_currency":null"#))
        }
    }

    // MARK: - The dashboard

    @Test func `the dashboard shows no 0 for unknown figures, and lists amounts that are not converted`() async throws {
        try await with(inUSDT) { server in
            try await metric("realized_pnl", "50000", "USDT", on: server)
            try await fee("0.01", #","currency":"BNB""#, on: server)
            try await metric("equity", "1", "EUR", on: server)
            let browser = try await Browser(server)
            let overview = try await browser.get("/dashboard").body
            #expect(
                overview.contains(
                    #"<span>NetPnL, live, BNB</span><strong class="bad-text">−0.01</strong><small>no exchange rate to USDT for BNB</small>"#
                )
            )
            #expect(
                overview.contains(#"<span>NetPnL, live, USDT</span><strong class=" long">+50\#u{202F}000.00</strong>"#)
            )
            let money = try await browser.get("/analytics").body
            #expect(money.contains("By currency"))
            #expect(money.contains("no exchange rate to USDT for BNB"))
            let portfolio = try await browser.get("/portfolio?mode=LIVE").body
            #expect(
                portfolio.contains(
                    #"<span>Latest equity</span><strong class="">—</strong><small>EUR not converted</small>"#
                )
            )
            #expect(try await rate("BNB", "612.5", on: server).status == 200)
            let converted = try await browser.get("/analytics").body
            #expect(converted.contains("49\u{202F}993.875"))
            #expect(converted.contains("612.50"))
            let equity = try await browser.get("/analytics?tab=equity&symbol=BTCUSDT").body
            #expect(equity.contains("without EUR"))
        }
    }

    @Test func `without a currency of the books each currency has its own figures and charts`() async throws {
        try await with { server in
            let amounts = [("BTC", "0.19"), ("EUR", "152"), ("USDC", "-15405"), ("USDT", "8736")]
            for (currency, amount) in amounts {
                try await metric("realized_pnl", amount, currency, on: server)
                for seconds in [7_200.0, 3_600, 60] {
                    let value = seconds == 3_600 ? "90.5" : "100"
                    try await metric("equity", value, currency, secondsAgo: seconds, on: server)
                }
            }
            let browser = try await Browser(server)
            let texts = ["+0.19", "+152.00", "−15\u{202F}405.00", "+8\u{202F}736.00"]
            for path in ["/dashboard", "/analytics"] {
                let page = try await browser.get(path).body
                for ((currency, _), text) in zip(amounts, texts) {
                    #expect(
                        page.contains("NetPnL\(path == "/dashboard" ? ", live" : ""), \(currency)</span>"),
                        "\(path)"
                    )
                    #expect(page.contains(">\(text)<"), "\(path) \(text)")
                }
                #expect(!page.contains("NetPnL breakdown"), "\(path)")
            }
            let portfolio = try await browser.get("/portfolio?mode=LIVE").body
            for (currency, _) in amounts {
                #expect(portfolio.contains("Latest equity, \(currency)</span>"), "\(portfolio)")
            }
            let equity = try await browser.get("/analytics?tab=equity&symbol=BTCUSDT&range=24h").body
            for (place, (currency, _)) in amounts.enumerated() {
                #expect(equity.contains("Equity, \(currency), 24 hours"))
                #expect(equity.contains(#"id="equity-\#(place)-chart-name""#))
                #expect(equity.contains("<span>Peak equity, \(currency)</span><strong class=\"\">100.00</strong>"))
            }
            #expect(equity.contains("<span>Largest drawdown</span><strong class=\"\">9.50 %</strong>"))
            #expect(!equity.contains("without"))
        }
    }
}
