import Foundation
import TestSupport
import Testing

@testable import Server

/// Lists that are read page by page with their cursors.
@Suite struct CursorTests {
    private let token = RunningServer.token

    private func fill(_ server: RunningServer, _ number: Int) async throws {
        func post(_ path: String, _ body: String) async throws {
            let answer = try await server.post(path, body, token: token)
            #expect((200..<300).contains(answer.status), "\(path): \(answer.body)")
        }
        let (id, module) = ("i\(number)", UUID().uuidString)
        let time = "2026-03-01T09:30:00.00000\(number)Z"
        try await post("/ingest/heartbeat", RunningServer.heartbeat(id))
        try await post(
            "/modules",
            """
            {"module_id":"\(module)","name":"m","enabled":true,"execution_mode":"MANUAL","config":{},\
            "created_at":"\(time)","updated_at":"\(time)"}
            """
        )
        try await post("/modules/\(module)/run", "{}")
        try await post(
            "/commands",
            #"{"command_id":"\#(UUID().uuidString)","instance_id":"\#(id)","command_type":"STOP","ttl_seconds":60}"#
        )
        try await post(
            "/ingest/costs",
            #"{"instance_id":"\#(id)","symbol":"S","cost_type":"FEE","amount":1,"timestamp":"2026-03-01T09:30:00Z"}"#
        )
        try await post(
            "/ingest/execution-quality",
            """
            {"instance_id":"\(id)","symbol":"S","slippage_bps":1,"latency_ms":1,"fill_ratio":1,"timestamp":"2026-03-01T09:30:00Z"}
            """
        )
        try await post(
            "/reconcile",
            """
            {"instance_id":"\(id)","exchange_equity":2,"internal_equity":1,"difference":1,"status":"MISMATCH",\
            "timestamp":"2026-03-01T09:30:00Z"}
            """
        )
        try await post("/tokens", #"{"name":"person-\#(number)","roles":["viewer"]}"#)
        try await post("/notifications/test?severity=INFO", "")
    }

    /// The ids of all items, page by page.
    private func walk(_ path: String, _ id: String, _ server: RunningServer) async throws -> [[String]] {
        var pages: [[String]] = []
        var cursor: String?
        repeat {
            let query = cursor.map { "&cursor=\($0)" } ?? ""
            let page = try await server.get("\(path)?page_size=2\(query)").json()
            let items = try #require(page["items"] as? [[String: Any]], "\(path): \(page)")
            pages.append(items.map { "\($0[id] ?? "")" })
            cursor = page["next_cursor"] as? String
        } while cursor != nil && pages.count < 100
        return pages
    }

    @Test func `each list is read to its end without gaps and repetitions`() async throws {
        try await RunningServer.with(settings: ["WEBHOOK_URL": "http://127.0.0.1:9/"]) { server in
            try await server.waitUntilReady()
            for number in 0..<3 { try await fill(server, number) }
            let lists = [
                ("/bots", "instance_id"), ("/modules", "module_id"), ("/module-runs", "run_id"),
                ("/commands", "command_id"),
                ("/analytics/costs", "ordinal"), ("/analytics/execution-samples", "ordinal"),
                ("/reconcile/results", "reconcile_id"),
                ("/tokens", "token_id"), ("/notifications", "delivery_id"), ("/alerts", "alert_id"),
                ("/audit/logs", "audit_id"),
            ]
            for (path, id) in lists {
                let whole = try await server.get("\(path)?page_size=200").json()
                let expected = try #require(whole["items"] as? [[String: Any]], "\(path)").map { "\($0[id] ?? "")" }
                #expect(expected.count >= 3, "\(path)")
                #expect(whole["next_cursor"] == nil, "\(path)")
                let pages = try await walk(path, id, server)
                #expect(pages.flatMap(\.self) == expected, "\(path)")
                #expect(pages.dropLast().allSatisfy { $0.count == 2 } && pages.last?.isEmpty == false, "\(path)")
                for cursor in ["x", "QUJD", "AAAA", "..", "00.", "1.2.3", "1772357400000000"] {
                    #expect(try await server.get("\(path)?cursor=\(cursor)").status == 422, "\(path) \(cursor)")
                }
            }
        }
    }

    @Test(arguments: [
        ("/alerts", "1772357400000000.0b9f6c1e-2a54-4d55-9f0e-6b6f3f2f6d11"),
        ("/alerts", "-999999999999999999.00000000-0000-0000-0000-000000000000"),
        ("/audit/logs", "999999999999999999.999999999999999999"), ("/analytics/costs", "-0.0"),
        ("/modules", ".0b9f6c1e-2a54-4d55-9f0e-6b6f3f2f6d11"), ("/modules", "ff.0b9f6c1e-2a54-4d55-9f0e-6b6f3f2f6d11"),
        ("/bots", "."), ("/bots", "6274632d6d616b6572.ffc3"),
    ])
    func `any text that matches the contract's pattern is a valid position`(path: String, cursor: String) async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            #expect(try await server.get("\(path)?cursor=\(cursor)").status == 200)
        }
    }

    @Test func `items that are added between pages move nothing`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            for number in 0..<4 { try await fill(server, number) }
            let first = try await server.get("/commands?page_size=2").json()
            let cursor = try #require(first["next_cursor"] as? String)
            let before = try await server.get("/commands?page_size=2&cursor=\(cursor)").json()
            try await fill(server, 4)
            let after = try await server.get("/commands?page_size=2&cursor=\(cursor)").json()
            func ids(_ page: [String: Any]) -> [String] {
                (page["items"] as? [[String: Any]] ?? []).compactMap { $0["command_id"] as? String }
            }
            #expect(ids(before).count == 2)
            #expect(ids(after) == ids(before))
        }
    }
}
