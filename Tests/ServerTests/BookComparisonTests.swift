import Foundation
import TestSupport
import Testing

/// Comparisons of a bot's orders, trades, fills and balances with the books.
@Suite struct BookComparisonTests {
    private let time = "2026-03-01T09:30:00Z"

    /// A fleet whose books have an open order, an open trade, a fill and a balance of `i1`.
    private func books(_ body: @Sendable (RunningServer) async throws -> Void) async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            #expect(try await server.post("/ingest/heartbeat", RunningServer.heartbeat()).status == 202)
            for (path, report) in [
                (
                    "orders",
                    """
                    {"instance_id":"i1","order_id":"o1","symbol":"ETH/USDT","side":"BUY","order_type":"limit","status":"OPEN",\
                    "quantity":0.5,"filled_quantity":0.2,"created_at":"\(time)","updated_at":"\(time)"}
                    """
                ),
                (
                    "trades",
                    """
                    {"instance_id":"i1","trade_id":"7","symbol":"ETH/USDT","side":"LONG","status":"OPEN","quantity":0.2,\
                    "entry_quantity":0.2,"entry_price":3000,"currency":"USDT","opened_at":"\(time)","updated_at":"\(time)"}
                    """
                ),
                (
                    "fills",
                    """
                    {"instance_id":"i1","fill_id":"f1","symbol":"ETH/USDT","side":"BUY","quantity":0.2,"price":3000,"fee":0.6,\
                    "fee_currency":"USDT","timestamp":"\(time)"}
                    """
                ),
                (
                    "balances",
                    #"{"instance_id":"i1","balances":[{"currency":"USDT","total":100}],"timestamp":"\#(time)"}"#
                ),
            ] {
                #expect(try await server.post("/ingest/\(path)", report).status == 202, "\(report)")
            }
            try await body(server)
        }
    }

    private func order(_ id: String, filled: String = "0.20") -> String {
        """
        {"order_id":"\(id)","symbol":"ETH/USDT","side":"BUY","quantity":0.5,"filled_quantity":\(filled)}
        """
    }

    private func trade(_ id: String, _ quantity: String = "0.2") -> String {
        #"{"trade_id":"\#(id)","symbol":"ETH/USDT","side":"LONG","quantity":\#(quantity)}"#
    }

    private func fills(_ items: String) -> String {
        #"{"from":"2026-03-01T00:00:00Z","to":"2026-03-02T00:00:00Z","items":[\#(items)]}"#
    }

    private func fill(fee: String = "0.6") -> String {
        """
        {"fill_id":"f1","symbol":"ETH/USDT","side":"BUY","quantity":0.2,"price":3000,"fee":\(fee),"fee_currency":"USDT"}
        """
    }

    /// The findings as `OBJECT id DIFFERENCE`.
    private func compare(_ kinds: String, at: String = "2026-03-01T10:00:00Z", on server: RunningServer) async throws
        -> [String]
    {
        let body = #"{"instance_id":"i1","timestamp":"\#(at)",\#(kinds)}"#
        let comparison = try await server.post("/reconcile/books", body)
        #expect(comparison.status == 200, "\(comparison.body)")
        let findings = try #require(try comparison.json()["findings"] as? [[String: Any]])
        return findings.map { "\($0["object"] ?? "") \($0["id"] ?? "") \($0["difference"] ?? "")" }
    }

    private func alerts(on server: RunningServer) async throws -> [String] {
        let items = try await server.get("/alerts").json()["items"] as? [[String: Any]] ?? []
        return items.filter { $0["source"] as? String == "books" }.map { "\($0["status"] ?? "")" }
    }

    @Test func `equal books have no finding and no alert`() async throws {
        try await books { server in
            let equal = """
                "orders":[\(order("o1"))],"trades":[\(trade("7"))],"fills":\(fills(fill())),\
                "balances":[{"currency":"USDT","total":"100.00"}]
                """
            let found = try await compare(equal, on: server)
            #expect(found == [])
            #expect(try await alerts(on: server) == [])
        }
    }

    @Test func `each difference is a finding with both sides, until a comparison no longer has it`() async throws {
        try await books { server in
            let different = """
                "orders":[\(order("o2")),\(order("o1", filled: "0.3"))],"trades":[],"fills":\(fills(fill(fee: "0.7"))),\
                "balances":[{"currency":"USDT","total":99.5},{"currency":"BNB","total":0}]
                """
            let found = [
                "BALANCE binance default USDT DIFFERENT", "FILL f1 DIFFERENT", "ORDER o1 DIFFERENT",
                "ORDER o2 MISSING_IN_BOOKS", "TRADE 7 MISSING_AT_BOT",
            ]
            #expect(try await compare(different, on: server) == found)
            #expect(try await compare(different, on: server) == found)
            #expect(try await server.get("/reconcile/findings?open=true").json()["total"] as? Int == 5)
            let text = try await server.get("/reconcile/findings").body
            #expect(
                text.contains(
                    #""booked":{"fee": 0.6, "side": "BUY", "price": 3000, "quantity": 0.2, "fee_currency": "USDT"}"#
                ),
                "\(text)"
            )
            #expect(try await alerts(on: server) == ["OPEN"])
            // Kinds that a report lacks are not compared.
            #expect(try await compare(#""trades":[\#(trade("7"))]"#, on: server) == [])
            #expect(try await server.get("/reconcile/findings?open=true").json()["total"] as? Int == 4)
            #expect(try await alerts(on: server) == ["OPEN"])
            let equal = """
                "orders":[\(order("o1"))],"fills":\(fills(fill())),"balances":[{"currency":"USDT","total":100}]
                """
            #expect(try await compare(equal, on: server) == [])
            #expect(try await server.get("/reconcile/findings?open=true").json()["total"] as? Int == 0)
            #expect(try await server.get("/reconcile/findings?open=false").json()["total"] as? Int == 5)
            #expect(try await alerts(on: server) == ["RESOLVED"])
        }
    }

    @Test func `a record that changed after the report is not compared`() async throws {
        try await books { server in
            let earlier = #""orders":[],"trades":[\#(trade("7", "0.1"))],"balances":[]"#
            let found = try await compare(earlier, at: "2026-03-01T09:29:59Z", on: server)
            #expect(found == [])
        }
    }

    @Test func `an order that ended in the books and is open at the bot differs`() async throws {
        try await books { server in
            let ended = """
                {"instance_id":"i1","order_id":"o1","symbol":"ETH/USDT","side":"BUY","order_type":"limit","status":"CANCELED",\
                "quantity":0.5,"filled_quantity":0.2,"created_at":"\(time)","updated_at":"\(time)"}
                """
            let response = try await server.post("/ingest/orders", ended)
            #expect(response.status == 202)
            let found = try await compare(#""orders":[\#(order("o1"))]"#, on: server)
            #expect(found == ["ORDER o1 DIFFERENT"])
        }
    }

    @Test func `unknown instances and reports from the future are rejected`() async throws {
        try await books { server in
            let unknown = try await server.post("/reconcile/books", #"{"instance_id":"i9","timestamp":"\#(time)"}"#)
            #expect(unknown.status == 404)
            let ahead = try await server.post(
                "/reconcile/books",
                #"{"instance_id":"i1","timestamp":"2199-01-01T00:00:00Z"}"#
            )
            #expect(ahead.status == 422)
            #expect(try await server.get("/reconcile/findings", token: nil).status == 401)
        }
    }
}
