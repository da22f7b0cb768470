import Foundation
import TestSupport
import Testing

/// Orders, fills, trades, balances, logs and profiles of bots over HTTP.
@Suite struct TradingHTTPTests {
    private let time = "2026-03-01T09:30:00Z"

    private func fleet(
        settings: [String: String] = [:],
        _ body: @Sendable (RunningServer) async throws -> Void
    ) async throws {
        try await RunningServer.with(settings: settings) { server in
            try await server.waitUntilReady()
            #expect(try await server.post("/ingest/heartbeat", RunningServer.heartbeat()).status == 202)
            try await body(server)
        }
    }

    private func order(_ id: String, _ status: String, _ filled: String, at updated: String = "2026-03-01T09:30:01Z")
        -> String
    {
        """
        {"instance_id":"i1","order_id":"\(id)","symbol":"ETH/USDT","side":"BUY","order_type":"limit","status":"\(status)",\
        "quantity":0.5,"filled_quantity":\(filled),"price":3010.50,"created_at":"\(time)","updated_at":"\(updated)"}
        """
    }

    private func fill(
        _ id: String,
        _ more: String = #","fee":0.00050000,"fee_currency":"BNB""#,
        price: String = "3010.5"
    ) -> String {
        """
        {"instance_id":"i1","fill_id":"\(id)","order_id":"o1","trade_id":"7","symbol":"ETH/USDT","side":"SELL","quantity":0.5,\
        "price":\(price),"timestamp":"\(time)"\(more)}
        """
    }

    private func trade(_ id: String, _ status: String, _ more: String, at updated: String = "2026-03-01T10:00:00Z")
        -> String
    {
        """
        {"instance_id":"i1","trade_id":"\(id)","symbol":"ETH/USDT","side":"LONG","status":"\(status)","entry_quantity":0.5,\
        "entry_price":3000,"currency":"USDT","opened_at":"\(time)","updated_at":"\(updated)"\(more)}
        """
    }

    @Test func `a heartbeat's profile is that of its instance until a newer heartbeat has another`() async throws {
        try await fleet { server in
            func beat(_ at: String, _ more: String) async throws {
                let plain = RunningServer.heartbeat(at: at).dropLast()
                #expect(try await server.post("/ingest/heartbeat", plain + more + "}").status == 202)
            }
            func instance() async throws -> [String: Any] {
                let items = try await server.get("/instances").json()["items"] as? [[String: Any]]
                return try #require(items?.first)
            }
            #expect(try await instance()["software"] is NSNull)
            #expect(try await instance()["strategy_name"] as? String == "unknown")
            #expect((try await instance()["accounts"] as? [Any])?.isEmpty == true)
            let accounts = #"[{"venue":"kraken","account_id":"b"},{"venue":"binance","account_id":"a","mode":"PAPER"}]"#
            try await beat(
                "2026-03-01T09:31:00Z",
                #","software":"freqtrade","strategy_name":"Flip","strategy_version":"3","ui_url":"http://127.0.0.1:8080/","#
                    + #""symbols":["ETH/USDT","BTC/USDT"],"accounts":\#(accounts)"#
            )
            var found = try await instance()
            #expect(found["software"] as? String == "freqtrade")
            #expect(found["strategy_name"] as? String == "Flip")
            #expect(found["strategy_version"] as? String == "3")
            #expect(found["strategy_hash"] is NSNull)
            #expect(found["ui_url"] as? String == "http://127.0.0.1:8080/")
            #expect(found["symbols"] as? [String] == ["ETH/USDT", "BTC/USDT"])
            #expect(
                found["accounts"] as? [[String: String]] == [
                    ["venue": "binance", "account_id": "a", "mode": "PAPER"],
                    ["venue": "kraken", "account_id": "b", "mode": "LIVE"],
                ]
            )
            #expect(try await server.get("/instances?q=flip").json()["total"] as? Int == 1)
            // An older heartbeat changes nothing.
            try await beat("2026-03-01T09:30:30Z", #","software":"hummingbot""#)
            #expect(try await instance()["software"] as? String == "freqtrade")
            try await beat(
                "2026-03-01T09:32:00Z",
                #","strategy_name":"Flop","accounts":[{"venue":"kraken","account_id":"b"}]"#
            )
            found = try await instance()
            #expect(found["software"] is NSNull)
            #expect(found["strategy_name"] as? String == "Flop")
            #expect((found["accounts"] as? [[String: String]])?.map { $0["venue"] } == ["kraken"])
            // A heartbeat without a profile, of an earlier release.
            try await beat("2026-03-01T09:33:00Z", "")
            found = try await instance()
            #expect(found["strategy_name"] as? String == "unknown")
            #expect((found["symbols"] as? [String])?.isEmpty == true)
            #expect((found["accounts"] as? [Any])?.isEmpty == true)
            for (member, pointer) in [
                (#""ui_url":"javascript:alert(1)""#, "/ui_url"), (#""strategy_hash":"xyz""#, "/strategy_hash"),
                (#""accounts":[{"venue":"a"}]"#, "/accounts/0/account_id"), (#""symbols":["A","A"]"#, "/symbols"),
            ] {
                let body = RunningServer.heartbeat().dropLast() + "," + member + "}"
                let response = try await server.post("/ingest/heartbeat", body)
                #expect(response.status == 422, "\(member)")
                #expect(response.body.contains(#""pointer":"\#(pointer)"#), "\(response.body)")
            }
        }
    }

    @Test func `an instance in REDUCE_ONLY has that status, and can be commanded into it`() async throws {
        try await fleet { server in
            let now = Date.now.ISO8601Format()
            let recent = String(RunningServer.heartbeat(at: now).dropLast()) + #","state":"REDUCE_ONLY"}"#
            #expect(try await server.post("/ingest/heartbeat", recent).status == 202)
            #expect(try await server.get("/instances?status=REDUCE_ONLY").json()["total"] as? Int == 1)
            let later = Date.now.addingTimeInterval(60).ISO8601Format()
            let command = """
                {"command_id":"\(UUID().uuidString.lowercased())","instance_id":"i1","command_type":"REDUCE_ONLY",\
                "issued_at":"\(now)","expires_at":"\(later)"}
                """
            #expect(try await server.post("/commands", command, token: RunningServer.token).status == 202)
            let pending = try await server.get("/instances/i1/commands/pending").body
            #expect(pending.contains(#""command_type":"REDUCE_ONLY""#), "\(pending)")
        }
    }

    @Test func `the newest report of an order counts`() async throws {
        try await fleet { server in
            #expect(try await server.post("/ingest/orders", order("o1", "OPEN", "0")).body == #"{"status":"accepted"}"#)
            let filled = order("o1", "FILLED", "0.5", at: "2026-03-01T09:30:05Z")
            #expect(try await server.post("/ingest/orders", filled).body == #"{"status":"accepted"}"#)
            let late = order("o1", "OPEN", "0.25", at: "2026-03-01T09:30:03Z")
            #expect(try await server.post("/ingest/orders", late).body == #"{"status":"accepted","stale":true}"#)
            let items = try await server.get("/orders").json()["items"] as? [[String: Any]]
            let found = try #require(items?.first)
            #expect(items?.count == 1)
            #expect(found["status"] as? String == "FILLED")
            #expect(found["venue"] as? String == "binance")
            #expect(found["account_id"] as? String == "default")
            #expect(found["bot_id"] as? String == "b1")
            #expect(found["average_price"] is NSNull)
            let text = try await server.get("/orders").body
            #expect(text.contains(#""quantity":0.5,"filled_quantity":0.5,"price":3010.5,"#), "\(text)")
            #expect(try await server.get("/orders?status=OPEN").json()["total"] as? Int == 0)
            #expect(try await server.get("/orders?instance_id=other").json()["total"] as? Int == 0)
        }
    }

    @Test func `open orders and trades are limited per instance, ended ones make room`() async throws {
        try await fleet(settings: ["OPEN_ORDERS_PER_INSTANCE": "2", "OPEN_TRADES_PER_INSTANCE": "1"]) { server in
            for id in ["o1", "o2"] {
                #expect(try await server.post("/ingest/orders", order(id, "OPEN", "0")).status == 202)
            }
            let full = try await server.post("/ingest/orders", order("o3", "OPEN", "0"))
            #expect(full.status == 422)
            #expect(full.body.contains(#""code":"TOO_MANY_ORDERS""#), "\(full.body)")
            let canceled = order("o1", "CANCELED", "0", at: "2026-03-01T09:30:09Z")
            #expect(try await server.post("/ingest/orders", canceled).status == 202)
            #expect(try await server.post("/ingest/orders", order("o3", "OPEN", "0")).status == 202)
            #expect(try await server.post("/ingest/trades", trade("7", "OPEN", #","quantity":0.5"#)).status == 202)
            let trades = try await server.post("/ingest/trades", trade("8", "OPEN", #","quantity":0.5"#))
            #expect(trades.body.contains(#""code":"TOO_MANY_TRADES""#), "\(trades.body)")
            let metrics = try await server.get("/metrics").body
            #expect(metrics.contains(#"flotilla_bound_refusals_total{bound="orders"} 1"#))
            #expect(metrics.contains(#"flotilla_bound_refusals_total{bound="trades"} 1"#))
        }
    }

    @Test func `a fill is stored once, and its fee is a cost`() async throws {
        try await fleet { server in
            #expect(try await server.post("/ingest/fills", fill("f1")).body == #"{"status":"accepted"}"#)
            #expect(
                try await server.post("/ingest/fills", fill("f1")).body == #"{"status":"accepted","duplicate":true}"#
            )
            let other = try await server.post("/ingest/fills", fill("f1", price: "3011"))
            #expect(other.status == 409)
            #expect(other.body.contains(#""code":"FILL_ID_TAKEN""#), "\(other.body)")
            let text = try await server.get("/fills").body
            #expect(
                text.contains(
                    #""quantity":0.5,"price":3010.5,"quote_currency":null,"fee":0.0005,"fee_currency":"BNB""#
                ),
                "\(text)"
            )
            #expect(try await server.get("/fills").json()["total"] as? Int == 1)
            #expect(try await server.get("/fills?trade_id=7").json()["total"] as? Int == 1)
            #expect(try await server.get("/fills?trade_id=8").json()["total"] as? Int == 0)
            func costs() async throws -> [[String: Any]] {
                try #require(try await server.get("/analytics/costs").json()["items"] as? [[String: Any]])
            }
            let cost = try #require(try await costs().first)
            #expect(try await costs().count == 1)
            #expect(cost["entry_id"] as? String == "f1")
            #expect(cost["cost_type"] as? String == "FEE")
            #expect(cost["currency"] as? String == "BNB")
            // A bot that also reports its fee as a cost: whichever comes first is booked.
            let own = """
                {"instance_id":"i1","symbol":"ETH/USDT","cost_type":"FEE","amount":0.0005,"timestamp":"\(time)","entry_id":"f1",\
                "currency":"BNB"}
                """
            #expect(try await server.post("/ingest/costs", own).body == #"{"status":"accepted","duplicate":true}"#)
            let before = own.replacing("f1", with: "f2")
            #expect(try await server.post("/ingest/costs", before).body == #"{"status":"accepted"}"#)
            #expect(try await server.post("/ingest/fills", fill("f2")).body == #"{"status":"accepted"}"#)
            #expect(try await costs().count == 2)
            // Without a fee, and with an id that is longer than those of costs (its SHA-256 was computed with sha256sum).
            #expect(try await server.post("/ingest/fills", fill("f3", "")).status == 202)
            #expect(try await server.post("/ingest/fills", fill(String(repeating: "x", count: 65))).status == 202)
            #expect(
                try await costs().first?["entry_id"] as? String
                    == "9537c5fdf120482f7d58d25e9ed583f52c02b4e304ea814db1633ad565aed7e9"
            )
            #expect(try await costs().count == 3)
            let csv = try await server.get("/fills.csv").body
            #expect(csv.split(separator: "\r\n").count == 5, "\(csv)")
        }
    }

    @Test func `fees in the books' currency count in the net PnL, rebates reduce them`() async throws {
        try await fleet(settings: ["BOOKS_CURRENCY": "USDT"]) { server in
            let elements = [
                fill("f1", #","fee":1.50525"#), fill("f2", #","fee":-0.5,"fee_currency":"USDT""#),
                fill("f3", #","fee":0.01,"fee_currency":"BNB","fx_rate":600"#), fill("f3", #","fee":0.02"#),
            ]
            let receipt = try await server.post("/ingest/fills", "[" + elements.joined(separator: ",") + "]").json()
            #expect(receipt["accepted"] as? Int == 3)
            #expect(receipt["rejected"] as? Int == 1)
            let pnl = try await server.get("/analytics/net-pnl").body
            #expect(pnl.contains(#""fees":7.00525"#), "\(pnl)")
        }
    }

    @Test func `a trade whose status contradicts its other members is rejected`() async throws {
        try await fleet { server in
            for (status, more, pointer) in [
                ("OPEN", #","quantity":0.5,"closed_at":"2026-03-01T09:59:00Z""#, "/closed_at"),
                ("CLOSED", #","quantity":0"#, "/closed_at"),
                ("CLOSED", #","quantity":0.1,"closed_at":"2026-03-01T09:59:00Z""#, "/quantity"),
                ("CLOSED", #","quantity":0,"closed_at":"2026-03-01T09:59:00Z","current_price":1"#, "/current_price"),
                (
                    "CLOSED", #","quantity":0,"closed_at":"2026-03-01T09:59:00Z","unrealized_profit":1"#,
                    "/unrealized_profit"
                ),
            ] {
                let response = try await server.post("/ingest/trades", trade("7", status, more))
                #expect(response.status == 422)
                #expect(response.body.contains(#""pointer":"\#(pointer)""#), "\(response.body)")
            }
            #expect(try await server.get("/trades").json()["total"] as? Int == 0)
        }
    }

    @Test func `closed trades are summed exactly, by key and currency`() async throws {
        try await fleet { server in
            func closed(_ id: String, _ profit: String?, _ more: String = "", day: Int = 1) -> String {
                let result = profit.map { #","profit":\#($0),"fees":0.1"# } ?? ""
                return trade(id, "CLOSED", #","quantity":0,"closed_at":"2026-03-0\#(day)T10:30:00Z"\#(result)\#(more)"#)
            }
            for body in [
                trade("1", "OPEN", #","quantity":0.5"#),
                closed("1", "0.1", #","strategy_name":"Flip","strategy_version":"1""#),
                closed("2", "0.2", #","exit_reason":"roi""#), closed("3", "-0.4", day: 2),
                trade("4", "OPEN", #","quantity":0.5"#),
            ] {
                #expect(try await server.post("/ingest/trades", body).status == 202, "\(body)")
            }
            func groups(_ key: String, _ more: String = "") async throws -> [[String: Any]] {
                let range = "&from=2026-03-01T00:00:00Z&to=2026-03-03T00:00:00Z"
                let statistics = try await server.get("/trades/statistics?group_by=\(key)\(range)\(more)").json()
                return try #require(statistics["items"] as? [[String: Any]])
            }
            let symbol = try #require(try await groups("SYMBOL").first)
            #expect(symbol["key"] as? String == "ETH/USDT")
            #expect(symbol["trades"] as? Int == 3)
            #expect(symbol["winning"] as? Int == 2)
            #expect(symbol["losing"] as? Int == 1)
            #expect(symbol["average_seconds"] as? Double == 32_400)
            let text = try await server.get(
                "/trades/statistics?group_by=SYMBOL&from=2026-03-01T00:00:00Z&to=2026-03-03T00:00:00Z"
            ).body
            #expect(
                text.contains(
                    #""profit":-0.1,"fees":0.3,"best":0.2,"worst":-0.4,"gross_profit":0.3,"gross_loss":-0.4,"volume":4500"#
                ),
                "\(text)"
            )
            #expect(try await groups("DAY").map { $0["key"] as? String } == ["2026-03-02", "2026-03-01"])
            #expect(try await groups("WEEK").map { $0["key"] as? String } == ["2026-W10", "2026-W09"])
            #expect(try await groups("MONTH").map { $0["trades"] as? Int } == [3])
            #expect(Set(try await groups("STRATEGY").map { $0["key"] as? String }) == ["Flip 1", nil])
            #expect(try await groups("ACCOUNT").map { $0["key"] as? String } == ["binance default"])
            #expect(try await groups("BOT").map { $0["key"] as? String } == ["b1"])
            #expect(try await groups("SYMBOL", "&mode=PAPER").isEmpty)
            #expect(try await groups("SYMBOL", "&bot_id=b1").count == 1)
            #expect(try await groups("SYMBOL", "&bot_id=b2").isEmpty)
            // A trade without a profit makes the sum unknown.
            #expect(try await server.post("/ingest/trades", closed("5", nil)).status == 202)
            let unknown = try #require(try await groups("SYMBOL").first)
            #expect(unknown["profit"] is NSNull)
            #expect(unknown["trades"] as? Int == 4)
            let long = try await server.get("/trades/statistics?group_by=DAY&from=2020-01-01T00:00:00Z")
            #expect(long.status == 422)
            #expect(long.body.contains(#""code":"RANGE_TOO_LONG""#))
            // Newest first: by closing, for open trades by opening.
            let items = try await server.get("/trades").json()["items"] as? [[String: Any]]
            #expect(items?.compactMap { $0["trade_id"] as? String } == ["3", "5", "2", "1", "4"])
            #expect(try await server.get("/trades?status=OPEN").json()["total"] as? Int == 1)
            #expect(try await server.get("/trades.csv?status=CLOSED").body.split(separator: "\r\n").count == 5)
        }
    }

    @Test func `open trades have a current price and profit, and count in any range`() async throws {
        try await fleet { server in
            func statistics(_ key: String, _ range: String = "&from=2026-02-01T00:00:00Z&to=2026-02-02T00:00:00Z")
                async throws
                -> String
            {
                try await server.get("/trades/statistics?group_by=\(key)\(range)").body
            }
            let mark =
                #","quantity":0.5,"current_price":2970.123456789012345678,"unrealized_profit":-14.938271605493827161"#
            #expect(try await server.post("/ingest/trades", trade("1", "OPEN", mark)).status == 202)
            let row = try await server.get("/trades?bot_id=b1").body
            #expect(row.contains(#""current_price":2970.123456789012345678,"#), "\(row)")
            #expect(row.contains(#""unrealized_profit":-14.938271605493827161,"#), "\(row)")
            #expect(try await server.get("/trades?bot_id=b2").json()["total"] as? Int == 0)
            let one = try await statistics("BOT")
            #expect(
                one.contains(
                    #""trades":0,"winning":0,"losing":0,"profit":0,"fees":0,"best":null,"worst":null,"gross_profit":0,"gross_loss":0,"volume":0,"average_seconds":null,"open_trades":1,"unrealized_profit":-14.938271605493827161"#
                ),
                "\(one)"
            )
            #expect(try await statistics("WEEK").contains(#""items":[]"#))
            // An open trade without a current profit makes the sum unknown.
            #expect(try await server.post("/ingest/trades", trade("2", "OPEN", #","quantity":0.5"#)).status == 202)
            #expect(try await statistics("BOT").contains(#""open_trades":2,"unrealized_profit":null"#))
            // The report of the closing ends both.
            for id in ["1", "2"] {
                let end = #","quantity":0,"closed_at":"2026-03-01T10:30:00Z","profit":1"#
                let body = trade(id, "CLOSED", end, at: "2026-03-01T10:30:00Z")
                #expect(try await server.post("/ingest/trades", body).status == 202)
            }
            let closed = try await statistics("BOT", "&from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z")
            #expect(
                closed.contains(#""trades":2,"#) && closed.contains(#""open_trades":0,"unrealized_profit":0"#),
                "\(closed)"
            )
            let week = try await statistics("WEEK", "&from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z")
            #expect(week.contains(#""open_trades":null,"unrealized_profit":null"#), "\(week)")
            #expect(try await server.get("/trades").body.contains(#""current_price":null,"#))
        }
    }

    @Test func `the newest report of an account's balances replaces the one before`() async throws {
        try await fleet { server in
            func report(_ balances: String, _ at: String, _ more: String = "") async throws -> RawHTTP.Response {
                let body = #"{"instance_id":"i1","balances":[\#(balances)],"timestamp":"\#(at)"\#(more)}"#
                return try await server.post("/ingest/balances", body)
            }
            let usdt = #"{"currency":"USDT","total":"10250.750000000000000001","free":8745.5}"#
            let bnb = #"{"currency":"BNB","total":0.1}"#
            #expect(try await report("\(usdt),\(bnb)", time).status == 202)
            let text = try await server.get("/instances/i1/balances").body
            #expect(text.contains(#""currency":"USDT","total":10250.750000000000000001,"free":8745.5,"#), "\(text)")
            #expect(text.contains(#""currency":"BNB","total":0.1,"free":null,"#), "\(text)")
            #expect(try await report(bnb, "2026-03-01T09:29:00Z").body == #"{"status":"accepted","stale":true}"#)
            #expect(try await report(usdt, "2026-03-01T09:31:00Z").status == 202)
            #expect((try await server.get("/instances/i1/balances").json()["items"] as? [Any])?.count == 1)
            let twice = try await report("\(usdt),\(usdt)", "2026-03-01T09:32:00Z")
            #expect(twice.status == 422)
            #expect(twice.body.contains(#""pointer":"/balances/1/currency""#), "\(twice.body)")
            for index in 1...31 {
                #expect(try await report(bnb, time, #","account_id":"a\#(index)""#).status == 202)
            }
            let further = try await report(bnb, time, #","account_id":"a32""#)
            #expect(further.body.contains(#""code":"TOO_MANY_ACCOUNTS""#), "\(further.body)")
            #expect(try await server.get("/instances/other/balances").status == 404)
        }
    }

    @Test func `the newest 500 lines of a log are kept, repeated ones once`() async throws {
        try await fleet { server in
            func lines(_ numbers: ClosedRange<Int>) -> String {
                let lines = numbers.map { number in
                    let at = "2026-03-01T10:\(10 + number / 50):\(10 + number % 50)Z"
                    return """
                        {"instance_id":"i1","line_id":"l\(number)","level":"\(number.isMultiple(of: 2) ? "ERROR" : "WARNING")",\
                        "message":"line \(number)\\nsecond","timestamp":"\(at)"}
                        """
                }
                return "[" + lines.joined(separator: ",") + "]"
            }
            #expect(try await server.post("/ingest/log", lines(1...3)).json()["accepted"] as? Int == 3)
            #expect(try await server.post("/ingest/log", lines(1...3)).body.contains(#""duplicate":true"#))
            func kept() async throws -> [[String: Any]] {
                try #require(try await server.get("/instances/i1/log?limit=500").json()["items"] as? [[String: Any]])
            }
            #expect(try await kept().count == 3)
            #expect(try await kept().first?["message"] as? String == "line 3\nsecond")
            #expect(try await server.post("/ingest/log", lines(4...700)).json()["accepted"] as? Int == 697)
            #expect(try await kept().count == 500)
            let numbers = Set(try await kept().compactMap { $0["message"] as? String })
            #expect(numbers.contains("line 700\nsecond"))
            #expect(numbers.contains("line 201\nsecond"))
            #expect(!numbers.contains("line 200\nsecond"))
            #expect(
                (try await server.get("/instances/i1/log?level=ERROR&limit=500").json()["items"] as? [Any])?.count
                    == 250
            )
            #expect(try await server.get("/instances/other/log").status == 404)
        }
    }

    @Test func `reports of unknown instances and from the future are rejected`() async throws {
        try await fleet { server in
            for (path, body) in [
                ("orders", order("o1", "OPEN", "0")), ("fills", fill("f1")),
                ("trades", trade("7", "OPEN", #","quantity":1"#)),
                ("balances", #"{"instance_id":"i1","balances":[],"timestamp":"\#(time)"}"#),
                ("log", #"{"instance_id":"i1","line_id":"l","level":"ERROR","message":"m","timestamp":"\#(time)"}"#),
            ] {
                let unknown = try await server.post("/ingest/\(path)", body.replacing(#""i1""#, with: #""i2""#))
                #expect(unknown.status == 404, "\(path)")
                let future = body.replacing("2026-", with: "2199-")
                let ahead = try await server.post("/ingest/\(path)", future)
                #expect(ahead.status == 422, "\(path)")
                #expect(ahead.body.contains(#""code":"TIMESTAMP_AHEAD""#), "\(ahead.body)")
            }
        }
    }
}
