import Foundation
import TestSupport
import Testing

/// The pages with trades, orders, balances and logs of bots over HTTP.
@Suite struct TradesPageHTTPTests {
    private let now = Date.now

    private func ago(_ seconds: Double) -> String { now.addingTimeInterval(-seconds).ISO8601Format() }

    private func fleet(_ body: @Sendable (RunningServer, Browser) async throws -> Void) async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            #expect(try await server.post("/ingest/heartbeat", RunningServer.heartbeat(at: ago(10))).status == 202)
            try await body(server, try await Browser(server))
        }
    }

    private func report(_ server: RunningServer, _ path: String, _ body: String) async throws {
        let response = try await server.post(path, body)
        #expect(response.status == 202, "\(path) \(body): \(response.body)")
    }

    private func closed(
        _ id: String,
        _ profit: String?,
        _ more: String = "",
        instance: String = "i1",
        currency: String = "USDT",
        seconds: Double = 3_600
    ) -> String {
        let result = profit.map { #","profit":\#($0),"fees":0.25"# } ?? ""
        return """
            {"instance_id":"\(instance)","trade_id":"\(id)","symbol":"ETH/USDT","side":"LONG","status":"CLOSED","quantity":0,\
            "entry_quantity":0.5,"entry_price":3000,"exit_price":3030,"currency":"\(currency)","opened_at":"\(ago(seconds + 7_200))",\
            "closed_at":"\(ago(seconds))","updated_at":"\(ago(seconds))"\(result)\(more)}
            """
    }

    private func open(_ id: String, instance: String = "i1") -> String {
        """
        {"instance_id":"\(instance)","trade_id":"\(id)","symbol":"BTC/USDT","side":"SHORT","status":"OPEN","quantity":0.25,\
        "entry_quantity":0.5,"entry_price":60000,"current_price":59000.5,"unrealized_profit":249.875,"currency":"USDT","opened_at":"\(ago(864_000))","updated_at":"\(ago(60))"}
        """
    }

    /// The block with this ID in a page.
    private func block(_ id: String, _ page: String) throws -> String {
        let start = try #require(page.range(of: #"" id="\#(id)" data-block"#), "\(id) is missing")
        let end = try #require(page.range(of: "</section>", range: start.upperBound..<page.endIndex))
        return String(page[start.upperBound..<end.lowerBound])
    }

    @Test func `totals and groups have a row per currency, open trades come before closed ones`() async throws {
        try await fleet { server, browser in
            try await report(
                server,
                "/ingest/trades",
                closed("1", "15", #","exit_reason":"roi","strategy_name":"Flip""#)
            )
            try await report(server, "/ingest/trades", closed("2", "-5"))
            try await report(server, "/ingest/trades", closed("3", "0.0001", currency: "BTC"))
            // Too old for the default range of 30 days.
            try await report(server, "/ingest/trades", closed("4", "1000", seconds: 40 * 86_400))
            try await report(server, "/ingest/trades", open("5"))
            let page = try await browser.get("/trades")
            #expect(page.status == 200)
            let usdt = try block("totals-0", page.body)
            for text in [
                "Closed trades, USDT", ">2<", "1 won · 1 lost", ">50.00 %<", ">+10.00<", ">0.50<", ">3.00<", ">−5.00<",
                "average duration 2 h 0 m", "volume 3\u{202F}000.00 USDT",
            ] {
                #expect(usdt.contains(text), "\(text): \(usdt)")
            }
            let btc = try block("totals-1", page.body)
            #expect(btc.contains(">+0.0001<") && btc.contains("no losses"), "\(btc)")
            #expect(page.body.contains("Profit by day, USDT") && page.body.contains("Profit by day, BTC"))
            let held = try block("open-trades", page.body)
            for text in [
                "BTC/USDT", "SHORT · 5", "of 0.5", "60\u{202F}000", "59\u{202F}000.5", "+249.875 USDT", "+0.83 %",
                "10 d 0 h",
                "1–1 of 1",
            ] {
                #expect(held.contains(text), "\(text): \(held)")
            }
            let ended = try block("closed-trades", page.body)
            for text in ["+15.00 USDT", "+1.00 %", "−5.00 USDT", "−0.33 %", "0.25 USDT", "roi", "Flip", "1–3 of 3"] {
                #expect(ended.contains(text), "\(text): \(ended)")
            }
            #expect(ended.contains("/api/trades.csv?from="), "\(ended)")
            #expect(
                try #require(page.body.range(of: #"id="open-trades""#)).lowerBound
                    < #require(page.body.range(of: #"id="closed-trades""#)).lowerBound
            )
            let reasons = try await browser.get("/trades?group=EXIT_REASON&range=90d&sort=profit").body
            let groups = try block("groups", reasons)
            #expect(
                groups.contains(
                    #"aria-sort="descending"><a href="/trades?range=90d&amp;group=EXIT_REASON&amp;sort=-profit">Profit"#
                )
            )
            #expect(groups.contains("+995.00 USDT"), "\(groups)")
            #expect(try await browser.get("/trades?status=OPEN").body.contains(#"id="closed-trades""#) == false)
            #expect(try await browser.get("/trades?status=nonsense").status == 422)
            #expect(try await browser.get("/trades?symbol=none").body.contains("No trades closed in 30 days"))
        }
    }

    @Test func `bots are compared with their open and closed trades`() async throws {
        try await fleet { server, browser in
            let other = RunningServer.heartbeat("i2", at: ago(10)).replacing(#""b1""#, with: #""b2""#)
            try await report(server, "/ingest/heartbeat", other)
            try await report(server, "/ingest/trades", closed("1", "15"))
            try await report(server, "/ingest/trades", open("2"))
            try await report(server, "/ingest/trades", open("3", instance: "i2"))
            let page = try await browser.get("/trades?group=BOT").body
            let groups = try block("groups", page)
            #expect(groups.contains(#"<a href="/bots/b1">b1</a>"#) && groups.contains(#"<a href="/bots/b2">b2</a>"#))
            let rows = groups.split(separator: "<tr data-key")
            #expect(rows.count == 3, "\(groups)")
            let second = try #require(rows.last)
            #expect(second.contains("USDT b2") && second.contains(">1</td>") && second.contains("—"), "\(second)")
            #expect(second.contains("+249.875 USDT"), "\(second)")
            // A bot selects the trades of all of its instances.
            let third = RunningServer.heartbeat("i3", at: ago(10)).replacing(#""b1""#, with: #""b2""#)
            try await report(server, "/ingest/heartbeat", third)
            try await report(server, "/ingest/trades", open("4", instance: "i3"))
            let two = try await browser.get("/trades?bot_id=b2&group=INSTANCE").body
            #expect(two.contains("SHORT · 3") && two.contains("SHORT · 4") && !two.contains("SHORT · 2"))
            let one = try await browser.get("/trades?bot_id=b2&instance_id=i2").body
            #expect(one.contains("SHORT · 3") && !one.contains("SHORT · 4"))
            #expect(try await browser.get("/trades?bot_id=none").body.contains("No open trades"))
        }
    }

    @Test func `the tabs of an instance show its trades, orders, balances and log`() async throws {
        try await fleet { server, browser in
            try await report(server, "/ingest/trades", open("5"))
            try await report(server, "/ingest/trades", closed("1", nil))
            for (id, status) in [("o1", "OPEN"), ("o2", "FILLED")] {
                try await report(
                    server,
                    "/ingest/orders",
                    """
                    {"instance_id":"i1","order_id":"\(id)","symbol":"ETH/USDT","side":"BUY","order_type":"limit","status":"\(status)",\
                    "quantity":0.5,"filled_quantity":0.25,"price":3010.50,"created_at":"\(ago(60))","updated_at":"\(ago(50))"}
                    """
                )
            }
            try await report(
                server,
                "/ingest/balances",
                #"{"instance_id":"i1","balances":[{"currency":"USDT","total":1250.5}],"timestamp":"\#(ago(20))"}"#
            )
            for (id, level) in [("l1", "WARNING"), ("l2", "ERROR")] {
                try await report(
                    server,
                    "/ingest/log",
                    """
                    {"instance_id":"i1","line_id":"\(id)","level":"\(level)","logger":"bot.exchange",\
                    "message":"first line of \(id)\\n  second \u{202E}line","timestamp":"\(ago(5))"}
                    """
                )
            }
            let trades = try await browser.get("/bots/b1/i1?tab=trades").body
            #expect(try block("open-trades", trades).contains("SHORT · 5"))
            let ended = try block("closed-trades", trades)
            #expect(ended.contains(#"data-label="Profit" class="number">—<"#), "\(ended)")
            #expect(ended.contains(#"data-label="Fees" class="number">—<"#), "\(ended)")
            let orders = try await browser.get("/bots/b1/i1?tab=trades&view=orders").body
            #expect(try block("open-orders", orders).contains("o1"))
            #expect(!(try block("open-orders", orders).contains("o2")))
            #expect(try block("orders", orders).contains("3\u{202F}010.5"))
            let filled = try block("orders", await browser.get("/bots/b1/i1?tab=trades&view=orders&status=FILLED").body)
            #expect(filled.contains("o2") && !filled.contains(">o1<"))
            let balances = try block("balances", await browser.get("/bots/b1/i1?tab=trades&view=balances").body)
            #expect(balances.contains("1\u{202F}250.50 USDT"))
            #expect(balances.contains(#"data-label="Free" class="number">—<"#), "\(balances)")
            let log = try block("log", await browser.get("/bots/b1/i1?tab=history&view=log").body)
            #expect(log.contains(#"class="message" dir="auto">first line of l2"#), "\(log)")
            let errors = try block("log", await browser.get("/bots/b1/i1?tab=history&view=log&level=ERROR").body)
            #expect(errors.contains("first line of l2") && !errors.contains("first line of l1"))
            #expect(try await browser.get("/bots/b1/i1?tab=history&view=log&level=x").status == 422)
        }
    }

    @Test func `the facts of a bot are shown as text, with a safe link to its own interface`() async throws {
        try await fleet { server, browser in
            let hostile = #"<script>alert(1)</script>"#
            let symbols = (1...500).map { #""S\#($0)<b>""# }.joined(separator: ",")
            let hash = String(repeating: "ab", count: 32)
            func beat(_ instance: String, _ version: String, _ url: String) async throws {
                let plain = RunningServer.heartbeat(instance, at: ago(5)).dropLast()
                let profile = """
                    ,"software":"\(hostile)","strategy_name":"\(hostile)","strategy_version":"\(version)",\
                    "strategy_hash":"\(hash)","ui_url":"\(url)","symbols":[\(symbols)],"accounts":\
                    [{"venue":"\(hostile)","account_id":"\(hostile)","mode":"PAPER"}]}
                    """
                try await report(server, "/ingest/heartbeat", plain + profile)
            }
            try await beat("i1", "3", "https://bot.example:8443/ui?a=1")
            let page = try await browser.get("/bots/b1/i1").body
            #expect(!page.contains("<script>alert") && !page.contains("<b>"))
            #expect(
                page.contains(
                    #"<a href="https://bot.example:8443/ui?a=1" rel="noopener noreferrer">bot.example:8443</a>"#
                ),
                "\(page)"
            )
            let setup = try await browser.get("/bots/b1/i1?tab=configuration").body
            #expect(!setup.contains("<script>alert") && !setup.contains("<b>") && setup.contains(hash))
            #expect(setup.contains("<summary>500 symbols</summary>S1&lt;b&gt;, S2&lt;b&gt;"))
            #expect(page.contains("hash abababababab") && !page.contains(hash))
            #expect(!page.contains(#"id="drift""#))
            try await beat("i2", "4", "https://flotilla.example@evil.example/")
            let second = try await browser.get("/bots/b1/i2").body
            #expect(!second.contains(#"href="https://flotilla.example@"#))
            #expect(second.contains("https://flotilla.example@evil.example/"))
            // Both pages of the bot say which version runs where.
            for path in ["/bots/b1", "/bots/b1/i2"] {
                let drift = try block("drift", await browser.get(path).body)
                #expect(drift.contains("version 3 hash abababababab on i1") && drift.contains("on i2."), "\(drift)")
            }
            #expect(second.contains("· strategy drift"))
            for path in ["/trades?group=STRATEGY", "/bots?q=i1", "/dashboard"] {
                #expect(!(try await browser.get(path).body.contains("<script>alert")), "\(path)")
            }
        }
    }

    @Test func `hostile texts of trades, orders, balances and logs are shown as text`() async throws {
        try await fleet { server, browser in
            let hostile = #"\"><img src=x onerror=alert(1)>"#
            let tags = #","exit_reason":"\#(hostile)","entry_tag":"\#(hostile)","strategy_name":"\#(hostile)""#
            let trade = closed("1", "1", tags + #","strategy_version":"\#(hostile)","account_id":"\#(hostile)""#)
            try await report(server, "/ingest/trades", trade.replacing(#""ETH/USDT""#, with: #""\#(hostile)""#))
            try await report(server, "/ingest/trades", closed("2", "1", currency: #"\"><b>x"#))
            try await report(
                server,
                "/ingest/orders",
                """
                {"instance_id":"i1","order_id":"\(hostile)","trade_id":"\(hostile)","symbol":"\(hostile)","side":"BUY",\
                "order_type":"\(hostile)","status":"OPEN","quantity":0.5,"filled_quantity":0,"tag":"\(hostile)",\
                "created_at":"\(ago(60))","updated_at":"\(ago(50))"}
                """
            )
            try await report(
                server,
                "/ingest/balances",
                """
                {"instance_id":"i1","venue":"\(hostile)","account_id":"\(hostile)","balances":[{"currency":"\\"><b>x","total":1}],\
                "timestamp":"\(ago(20))"}
                """
            )
            try await report(
                server,
                "/ingest/log",
                """
                {"instance_id":"i1","line_id":"1","level":"ERROR","logger":"\(hostile)","message":"\(hostile)","timestamp":"\(ago(5))"}
                """
            )
            let groups = ["DAY", "WEEK", "MONTH", "SYMBOL", "STRATEGY", "BOT", "INSTANCE", "ACCOUNT", "EXIT_REASON"]
            let views = ["trades&view=trades", "trades&view=orders", "trades&view=balances", "history&view=log"]
            let tabs = views.map { "/bots/b1/i1?tab=\($0)" }
            for path in groups.map({ "/trades?group=\($0)" }) + tabs {
                let page = try await browser.get(path)
                #expect(page.status == 200, "\(path)")
                #expect(!page.body.contains("<img") && !page.body.contains("<b>"), "\(path)")
                #expect(page.body.contains("&quot;&gt;&lt;"), "\(path)")
            }
        }
    }

    @Test func `an instance in REDUCE_ONLY is counted and can be selected`() async throws {
        try await fleet { server, browser in
            let state =
                String(RunningServer.heartbeat(at: Date.now.ISO8601Format()).dropLast()) + #","state":"REDUCE_ONLY"}"#
            try await report(server, "/ingest/heartbeat", state)
            let bots = try await browser.get("/bots?status=REDUCE_ONLY").body
            #expect(bots.contains(#"<span class="state reduce_only"><span class="mark reduce_only""#))
            #expect(bots.contains(#"value="REDUCE_ONLY" selected"#))
            #expect(try await browser.get("/bots/b1/i1").body.contains(#"value="REDUCE_ONLY""#))
            let first = try await browser.get("/dashboard").body
            #expect(first.contains("1 reduce only") && first.contains("1 REDUCE ONLY"))
            let stop = try await browser.get("/killswitch").body
            #expect(stop.contains("Reduce only") && stop.contains(#"name="type" value="REDUCE_ONLY""#))
            #expect(stop.contains("Recent REDUCE_ONLY, SAFE_MODE, CANCEL_ALL and FLATTEN commands"))
        }
    }
}
