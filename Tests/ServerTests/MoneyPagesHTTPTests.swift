import Foundation
import TestSupport
import Testing

/// The operations and pages of money that filter and group: executions, exposure, comparisons and net PnL.
@Suite struct MoneyPagesHTTPTests {
    private static let hostile = #"<b>\"x\"</b>&"#

    private func ago(_ seconds: Double) -> String { Date.now.addingTimeInterval(-seconds).ISO8601Format() }

    /// Runs `body` with a LIVE instance on binance, and a PAPER one on okx whose bot has a hostile name.
    ///
    /// - Parameter checkSeconds: The interval of the periodic jobs; 0 for none.
    private func fleet(
        checkSeconds: Int = 0,
        _ body: @Sendable (RunningServer, Browser) async throws -> Void
    ) async throws {
        // A busy machine must not make an instance silent.
        let settings = ["HEARTBEAT_STALE_SECONDS": "3600", "CHECK_INTERVAL_SECONDS": "\(checkSeconds)"]
        try await RunningServer.with(settings: settings) { server in
            try await server.waitUntilReady()
            let other = RunningServer.heartbeat("i2", at: ago(10)).replacing("LIVE", with: "PAPER")
                .replacing("binance", with: "okx").replacing(#""b1""#, with: #""\#(Self.hostile)""#)
            try await report(server, "heartbeat", RunningServer.heartbeat(at: ago(10)))
            try await report(server, "heartbeat", other)
            try await body(server, try await Browser(server))
        }
    }

    private func report(_ server: RunningServer, _ path: String, _ body: String) async throws {
        let response = try await server.post("/ingest/\(path)", body)
        #expect(response.status == 202, "\(path) \(body): \(response.body)")
    }

    private func execution(_ instance: String, _ slippage: String, _ latency: String, _ seconds: Double) -> String {
        """
        {"instance_id":"\(instance)","symbol":"BTCUSDT","slippage_bps":\(slippage),"latency_ms":\(latency),"fill_ratio":0.5,\
        "timestamp":"\(ago(seconds))"}
        """
    }

    private func position(
        _ instance: String,
        _ symbol: String,
        _ net: String,
        _ gross: String,
        _ currency: String?,
        seconds: Double = 5
    ) -> String {
        let unit = currency.map { #","currency":"\#($0)""# } ?? ""
        return """
            {"instance_id":"\(instance)","symbol":"\(symbol)","net_exposure":\(net),"gross_exposure":\(gross),\
            "updated_at":"\(ago(seconds))"\(unit)}
            """
    }

    /// The block with this ID in a page.
    private func block(_ id: String, _ page: String) throws -> String {
        let start = try #require(page.range(of: #"" id="\#(id)" data-block"#), "\(id) is missing")
        let end = try #require(page.range(of: "</section>", range: start.upperBound..<page.endIndex))
        return String(page[start.upperBound..<end.lowerBound])
    }

    // MARK: - Executions

    private func executions(_ server: RunningServer) async throws {
        for sample in [
            execution("i1", "-2", "0.5", 60), execution("i1", "0", "1", 120), execution("i1", "0.5", "150", 180),
            execution("i2", "-60", "9000", 240), execution("i2", "1", "20.123456", 3 * 86_400),
        ] {
            try await report(server, "execution-quality", sample)
        }
    }

    @Test func `executions of a range are counted in buckets that include their lower bound`() async throws {
        try await fleet { server, _ in
            try await executions(server)
            let path = "/analytics/execution-histogram?group_by="
            // Numbers that are not decimals are written as floating point.
            let day = try await server.get(path + "EXCHANGE").body.replacing(#/\.0(?=[,\]}])/#, with: "")
            for text in [
                #""is_complete":true,"group_by":"EXCHANGE","slippage_bps_bounds":[-50,-20,-10,-5,-2,-1,0,1,2,5,10,20,50],"#,
                #""latency_ms_bounds":[1,2,5,10,20,50,100,200,500,1000,2000,5000],"#,
                #""all":{"key":null,"samples":4,"slippage_bps":{"mean":-15.375,"p50":-2,"p95":0.5,"p99":0.5,"#
                    + #""counts":[1,0,0,0,0,1,0,2,0,0,0,0,0,0]},"latency_ms":{"mean":2287.875,"p50":1,"p95":9000,"p99":9000,"#
                    + #""counts":[1,1,0,0,0,0,0,1,0,0,0,0,1]},"fill_ratio":0.5},"groups":2,"items":[{"key":"binance","samples":3,"#,
                #"{"key":"okx","samples":1,"slippage_bps":{"mean":-60,"p50":-60,"p95":-60,"p99":-60,"#
                    + #""counts":[1,0,0,0,0,0,0,0,0,0,0,0,0,0]}"#,
            ] {
                #expect(day.contains(text), "\(text): \(day)")
            }
            // A sample of three days ago, of instances in PAPER.
            let week = try await server.get(path + "BOT&mode=PAPER&from=\(ago(7 * 86_400))").body
            #expect(week.contains(#""all":{"key":null,"samples":2,"slippage_bps":{"mean":-29.5,"#), "\(week)")
            #expect(week.contains(#""items":[{"key":"\#(Self.hostile)","samples":2,"#), "\(week)")
            let none = try await server.get(path + "SYMBOL&symbol=ETHUSDT").body
            #expect(
                none.contains(
                    #""all":{"key":null,"samples":0,"slippage_bps":{"mean":null,"p50":null,"p95":null,"p99":null,"#
                        + #""counts":[0,0,0,0,0,0,0,0,0,0,0,0,0,0]},"#
                ),
                "\(none)"
            )
            #expect(none.contains(#""fill_ratio":null},"groups":0,"items":[]"#), "\(none)")
            for filter in ["&exchange=binance", "&bot_id=b1", "&instance_id=i1", "&mode=LIVE"] {
                #expect(try await server.get(path + "BOT" + filter).body.contains(#""samples":3"#), "\(filter)")
                let listed = try await server.get("/analytics/execution-samples?page=1\(filter)").json()
                #expect(listed["total"] as? Int == 3, "\(filter)")
            }
            let long = try await server.get(path + "BOT&from=\(ago(40 * 86_400))")
            #expect(long.status == 422 && long.body.contains("RANGE_TOO_LONG"))
            #expect(try await server.get(path + "DAY").status == 422)
            #expect(try await server.get("/analytics/execution-histogram").status == 422)
            #expect(try await server.get(path + "BOT", token: nil).status == 401)
        }
    }

    @Test func `the page of executions states its range and has no red for a good price`() async throws {
        try await fleet { server, browser in
            try await executions(server)
            let page = try await browser.get("/analytics?tab=execution&group=BOT&range=7d").body
            let slippage = try block("slippage", page)
            for text in [
                #"class="bar better""#, ">below −50 bps<", ">50 bps and more<",
                ">0 to 1 bps</td><td data-label=\"Samples\"",
                ">40.00 %<", "Slippage, bps, 7 days</h2>", "below 0 is better than expected",
            ] {
                #expect(slippage.contains(text), "\(text): \(slippage)")
            }
            #expect(!slippage.contains("bad-text") && !slippage.contains("bar minus"))
            let groups = try block("groups", page)
            #expect(groups.contains("&lt;b&gt;&quot;x&quot;&lt;/b&gt;&amp;") && !groups.contains("<b>"), "\(groups)")
            #expect(groups.contains("since 20"))
            let samples = try block("samples", page)
            #expect(samples.contains(">20.12<") && !samples.contains("20.123456"), "\(samples)")
            #expect(samples.contains("1–5 of 5"))
            let empty = try await browser.get("/analytics?tab=execution&symbol=none").body
            #expect(try block("quality", empty).contains("<strong class=\"\">—</strong><small>no samples</small>"))
            #expect(try block("slippage", empty).contains("No executions reported in 24 hours"))
        }
    }

    // MARK: - Filters

    @Test func `filters stay in tabs, pages and CSV links, and each has a link that removes it`() async throws {
        try await fleet { server, browser in
            try await executions(server)
            let path = "/analytics?tab=execution&mode=PAPER&exchange=okx&range=7d&page_size=1"
            let page = try await browser.get(path).body
            let bar = try block("filters", page)
            for text in [
                #"<input type="hidden" name="tab" value="execution">"#, #"<option value="PAPER" selected>"#,
                #"<option value="7d" selected>7 days"#, #"name="exchange" value="okx""#,
                #"<a href="/analytics?tab=execution&amp;range=7d&amp;exchange=okx"><span class="hidden">Remove filter </span>Mode: PAPER "#,
                #"<a href="/analytics?tab=execution&amp;range=7d&amp;mode=PAPER"><span class="hidden">Remove filter </span>Exchange: okx "#,
                #"<a href="/analytics?tab=execution&amp;range=7d"><span class="hidden">Remove filter </span>All filters "#,
            ] {
                #expect(bar.contains(text), "\(text): \(bar)")
            }
            // A tab keeps the filters that it has.
            #expect(page.contains(#"<a href="/analytics?tab=equity&amp;range=7d&amp;mode=PAPER">"#))
            #expect(page.contains(#"<a href="/analytics?tab=days&amp;mode=PAPER">"#))
            #expect(page.contains("ignored unknown filters: page_size"))
            let samples = try block("samples", page)
            #expect(
                samples.contains("/api/analytics/execution-samples.csv?mode=PAPER&amp;exchange=okx&amp;from="),
                "\(samples)"
            )
            let hostile = try await browser.get("/portfolio?symbol=%22%3E%3Cscript%3E&group=nonsense").body
            let escaped = try block("filters", hostile)
            #expect(escaped.contains("Symbol: &quot;&gt;&lt;script&gt;") && !escaped.contains("<script"), "\(escaped)")
            #expect(try await browser.get("/portfolio?mode=nonsense").status == 422)
        }
    }

    // MARK: - Exposure

    @Test func `exposure is summed within a currency, for all groups and each of them`() async throws {
        try await fleet { server, browser in
            for body in [
                position("i1", "A", "100", "100", "USDT"), position("i1", "B", "-50", "50", "EUR"),
                position("i1", "C", "0.5", "0.5", "BTC"), position("i2", "A", "-300", "300", "USDT"),
                position("i2", "D", "7", "9", "USDC"), position("i2", "E", "1", "2", nil, seconds: 10 * 86_400),
            ] {
                try await report(server, "positions", body)
            }
            let path = "/portfolio/exposure-groups?group_by="
            let all = try await server.get(path + "EXCHANGE").body
            func amounts(_ currency: String, _ net: String, _ gross: String, _ positions: Int, stale: Int = 0) -> String
            {
                #""currency":\#(currency),"net_exposure":\#(net),"gross_exposure":\#(gross),"positions":\#(positions),"#
                    + #""stale_positions":\#(stale)}"#
            }
            let totals = [
                amounts("null", "1", "2", 1, stale: 1), amounts(#""BTC""#, "0.5", "0.5", 1),
                amounts(#""EUR""#, "-50", "50", 1),
                amounts(#""USDC""#, "7", "9", 1), amounts(#""USDT""#, "-200", "400", 2),
            ]
            #expect(all.contains(#""totals":[\#(totals.map { "{" + $0 }.joined(separator: ","))]"#), "\(all)")
            let items = [
                #"{"key":"okx","# + amounts("null", "1", "2", 1, stale: 1),
                #"{"key":"binance","# + amounts(#""BTC""#, "0.5", "0.5", 1),
                #"{"key":"binance","# + amounts(#""EUR""#, "-50", "50", 1),
                #"{"key":"okx","# + amounts(#""USDC""#, "7", "9", 1),
                #"{"key":"okx","# + amounts(#""USDT""#, "-300", "300", 1),
                #"{"key":"binance","# + amounts(#""USDT""#, "100", "100", 1),
            ]
            #expect(all.contains(#""items":[\#(items.joined(separator: ","))],"is_complete":true"#), "\(all)")
            let bots = try await server.get(path + "BOT&mode=PAPER&currency=USDT").body
            #expect(
                bots.contains(#""items":[{"key":"\#(Self.hostile)","# + amounts(#""USDT""#, "-300", "300", 1) + "]"),
                "\(bots)"
            )
            #expect(try await server.get(path + "CURRENCY").body.contains(#"{"key":null,"currency":null"#))
            for filter in ["exchange=okx&currency=USDT", "currency=USDC", "bot_id=b1&symbol=A"] {
                #expect(
                    try await server.get("/portfolio/positions?\(filter)").json()["total"] as? Int == 1,
                    "\(filter)"
                )
            }
            let page = try await browser.get("/portfolio?mode=ALL&group=EXCHANGE&currency=USDT").body
            let figures = try block("figures", page)
            #expect(
                figures.contains(
                    #"<span>Net exposure</span><strong class="bad-text">−200.00</strong><small>USDT</small>"#
                )
            )
            #expect(
                figures.contains(#"<span>Gross exposure</span><strong class="">400.00</strong><small>USDT</small>"#)
            )
            let groups = try block("groups", page)
            for text in [
                ">75.00 %<", ">25.00 %<", "net −300.00 within gross 300.00 USDT",
                "currency=USDT&amp;group=EXCHANGE&amp;exchange=okx",
            ] {
                #expect(groups.contains(text), "\(text): \(groups)")
            }
            let live = try await browser.get("/portfolio").body
            #expect(
                try block("filters", live).contains(
                    #"<a href="/portfolio?mode=ALL"><span class="hidden">Remove filter </span>Mode: LIVE"#
                )
            )
            #expect(try block("groups", live).contains(">EUR<") && !(try block("groups", live).contains(">USDC<")))
        }
    }

    // MARK: - Reconciliation

    @Test func `the newest comparison of each instance is its state, mismatches first`() async throws {
        try await fleet { server, browser in
            try await report(server, "heartbeat", RunningServer.heartbeat("i3", at: ago(10)))
            try await report(server, "heartbeat", RunningServer.heartbeat("i4", at: ago(10)))
            // The last report is late, so it is no state.
            for (instance, exchange, seconds) in [
                ("i1", "1000", 60.0), ("i2", "1000", 3_600), ("i2", "1001", 60), ("i3", "1010", 86_400),
                ("i1", "2000", 7_200),
            ] {
                let difference = (Int(exchange) ?? 0) - 1_000
                let body = """
                    {"instance_id":"\(instance)","exchange_equity":\(exchange),"internal_equity":1000,"difference":\(difference),\
                    "status":"\(difference == 0 ? "OK" : "MISMATCH")","timestamp":"\(ago(seconds))"}
                    """
                #expect(try await server.post("/reconcile", body, token: RunningServer.token).status == 202)
            }
            func ids(_ filter: String) async throws -> [String?] {
                let page = try await server.get("/reconcile/current?page=1\(filter)").json()
                return (page["items"] as? [[String: Any]] ?? []).map { $0["instance_id"] as? String }
            }
            #expect(try await ids("") == ["i3", "i2", "i1"])
            #expect(try await ids("&status=MISMATCH") == ["i3", "i2"])
            #expect(try await ids("&mode=PAPER") == ["i2"])
            #expect(try await ids("&exchange=binance&status=OK") == ["i1"])
            let counts = try await server.get("/reconcile/current?status=OK").body
            #expect(
                counts.contains(#""ok":1,"mismatched":2,"never_compared":1"#) && counts.contains(#""total":1"#),
                "\(counts)"
            )
            #expect(try await server.get("/reconcile/current", token: nil).status == 401)
            for (filter, total) in [
                ("mode=PAPER", 2), ("bot_id=b1", 3), ("from=\(ago(5_000))", 3), ("exchange=okx&status=OK", 1),
            ] {
                #expect(
                    try await server.get("/reconcile/results?\(filter)").json()["total"] as? Int == total,
                    "\(filter)"
                )
            }
            let page = try await browser.get("/reconciliation?range=1d").body
            let current = try block("current", page)
            #expect(current.contains("1–3 of 3") && current.contains(">99.01<"), "\(current)")
            #expect(!current.contains(">2\u{202F}000.00<"))
            // The comparison of a day ago is not part of one day.
            #expect(try block("results", page).contains("1–4 of 4"))
            #expect(try block("figures", page).contains(#"<a href="/reconciliation?range=1d&amp;status=MISMATCH">"#))
        }
    }

    // MARK: - Currencies

    @Test func `net PnL and trades are selected by currency and account`() async throws {
        try await fleet { server, browser in
            for (currency, value) in [("USDT", "10"), ("EUR", "-4"), ("BTC", "0.25"), ("USDC", "3")] {
                try await report(
                    server,
                    "metrics",
                    """
                    {"instance_id":"i1","symbol":"BTCUSDT","metric_type":"realized_pnl","value":\(value),"currency":"\(currency)",\
                    "timestamp":"\(ago(60))"}
                    """
                )
                try await report(
                    server,
                    "trades",
                    """
                    {"instance_id":"i1","trade_id":"\(currency)","symbol":"A","side":"LONG","status":"CLOSED","quantity":0,\
                    "entry_quantity":1,"entry_price":1,"currency":"\(currency)","account_id":"a-\(currency)","profit":\(value),\
                    "opened_at":"\(ago(600))","closed_at":"\(ago(300))","updated_at":"\(ago(300))"}
                    """
                )
            }
            #expect(try await server.get("/analytics/net-pnl").body.contains(#""net_pnl":null"#))
            let euros = try await server.get("/analytics/net-pnl?currency=EUR").body
            #expect(euros.contains(#""net_pnl":-4,"by_mode":[{"runtime_mode":"LIVE","realized":-4"#), "\(euros)")
            #expect(try await server.get("/analytics/net-pnl/explanation?currency=EUR").json()["total"] as? Int == 1)
            #expect(try await server.get("/trades?currency=BTC").json()["total"] as? Int == 1)
            #expect(try await server.get("/trades?account_id=a-EUR").json()["total"] as? Int == 1)
            #expect(try await server.get("/trades?account_id=a-EUR&currency=BTC").json()["total"] as? Int == 0)
            let statistics = try await server.get("/trades/statistics?group_by=ACCOUNT&currency=USDC").json()
            #expect((statistics["items"] as? [Any])?.count == 1)
            let page = try await browser.get("/trades?currency=EUR&account_id=a-EUR&group=SYMBOL").body
            #expect(try block("totals-0", page).contains(">−4.00<"))
            #expect(
                try block("closed-trades", page).contains("/api/trades.csv?currency=EUR&amp;account_id=a-EUR&amp;from=")
            )
            let pnl = try await browser.get("/analytics?currency=EUR").body
            #expect(try block("parts", pnl).contains("1–1 of 1"))
        }
    }

    // MARK: - NetPnL of a day

    @Test func `the waterfall of a day and its entries are exact literals, and invalid parameters are rejected`()
        async throws
    {
        try await fleet(checkSeconds: 1) { server, browser in
            let day = ago(0).prefix(10)
            for (kind, amount, currency, mode) in [
                ("FEE", "0.100000000000000001", "USDT", "i1"), ("FEE", "0.2", "USDT", "i1"),
                ("FUNDING", "-1.5", "EUR", "i1"),
                ("FEE", "7", "BTC", "i2"),
            ] {
                try await report(
                    server,
                    "costs",
                    """
                    {"instance_id":"\(mode)","symbol":"BTCUSDT","cost_type":"\(kind)","amount":\(amount),"currency":"\(currency)",\
                    "timestamp":"\(ago(0))"}
                    """
                )
            }
            let path = "/analytics/pnl-waterfall?day=\(day)"
            let deadline = ContinuousClock.now + .seconds(120)
            var waterfall = ""
            while !waterfall.contains("0.300000000000000001"), ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(500))
                waterfall = try await server.get(path).body
            }
            #expect(
                waterfall.contains(
                    #"{"currency":"USDT","net_pnl":-0.300000000000000001,"changes":[{"kind":"REALIZED","amount":0,"instances":0},"#
                        + #"{"kind":"UNREALIZED","amount":0,"instances":0},"#
                        + #"{"kind":"FEE","amount":-0.300000000000000001,"instances":1},{"kind":"FUNDING","amount":0,"instances":0}]}"#
                ),
                "\(waterfall)"
            )
            let live = try await server.get(path + "&mode=LIVE").body
            #expect(!live.contains("BTC") && live.contains("EUR"), "\(live)")
            let entries = try await server.get(
                "/analytics/pnl-waterfall/entries?day=\(day)&kind=FEE&currency=USDT"
            ).body
            #expect(
                entries.contains(
                    #""sums":[{"currency":"USDT","amount":-0.300000000000000001,"entries_amount":-0.300000000000000001}]"#
                ),
                "\(entries)"
            )
            #expect(entries.contains(#""amount":-0.100000000000000001,"#), "\(entries)")
            for invalid in [
                "/analytics/pnl-waterfall", "/analytics/pnl-waterfall?day=2026-02-30", path + "&mode=SIM",
                "/analytics/pnl-waterfall/entries?day=\(day)", "/analytics/pnl-waterfall/entries?day=\(day)&kind=TAX",
                "/analytics/pnl-waterfall/entries?day=\(day)&kind=FEE&page=0", "/analytics/costs?mode=SIM",
            ] {
                #expect(try await server.get(invalid).status == 422, "\(invalid)")
            }
            for closed in [path, "/analytics/pnl-waterfall/entries?day=\(day)&kind=FEE", "/service-health"] {
                #expect(try await server.get(closed, token: nil).status == 401, "\(closed)")
            }
            // A bot's name is escaped everywhere, and a day without changes has a page.
            let page = try await browser.get("/analytics?tab=days&day=\(day)&kind=FEE&currency=BTC").body
            #expect(page.contains("&lt;b&gt;") && !page.contains("<b>\"x\"</b>"))
            let none = try await browser.get("/analytics?tab=days&day=2001-01-01&kind=FEE").body
            #expect(none.contains("No changes of this kind"))
            #expect(try await browser.get("/analytics?tab=days&day=x&kind=FEE").status == 422)
            let csv = try await server.get("/analytics/costs.csv?mode=PAPER&currency=BTC").body
            #expect(csv.split(separator: "\r\n").count == 2, "\(csv)")
        }
    }

    @Test func `a preference for a currency is kept in a cookie that carries only a name`() async throws {
        try await fleet { server, browser in
            let page = try await browser.get("/settings").body
            #expect(!page.contains("Report totals in"))
            let overview = try await browser.get("/dashboard?in=%3Cb%3E").body
            #expect(!overview.contains("<b>EUR"))
            #expect(overview.contains("Ingest errors: unknown") && overview.contains("No failed deliveries"))
        }
    }
}
