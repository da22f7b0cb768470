import ContractRuntime
import Foundation
import TestSupport
import Testing

@testable import Server

/// The operations of the dashboard, over HTTP.
@Suite struct FleetHTTPTests {
    private static func beat(_ instance: String, _ members: [String: String] = [:], secondsAgo: Int64 = 0) -> String {
        var all = [
            "instance_id": instance, "bot_id": "bot-\(instance)", "runtime_mode": "LIVE", "exchange": "kraken",
            "symbol": "ETHEUR", "version": "1.0", "timestamp": "\(Timestamp.now.adding(seconds: -secondsAgo))",
        ]
        all.merge(members) { _, new in new }
        return "{" + all.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",") + "}"
    }

    /// One lost instance, one in safe mode on another exchange, one without problems.
    private static func fill(_ server: RunningServer) async throws {
        try await server.waitUntilReady()
        for body in [
            beat("well"), beat("halted", ["state": "SAFE_MODE", "exchange": "okx", "runtime_mode": "PAPER"]),
            beat("lost", secondsAgo: 200),
        ] {
            #expect(try await server.post("/ingest/heartbeat", body).status == 202)
        }
        for (symbol, net) in [("ETHEUR", "-5.25"), ("BTCEUR", "2")] {
            let body =
                #"{"instance_id":"well","symbol":"\#(symbol)","net_exposure":"\#(net)","gross_exposure":"7.5","#
                + #""updated_at":"\#(Timestamp.now)"}"#
            #expect(try await server.post("/ingest/positions", body).status == 202)
        }
    }

    private static func names(_ answer: [String: Any]) -> [String] {
        (answer["items"] as? [[String: Any]] ?? []).compactMap { $0["instance_id"] as? String }
    }

    @Test func `instances are listed with their problems, the worst first`() async throws {
        try await RunningServer.with { server in
            try await Self.fill(server)
            let command = #"{"command_type":"SAFE_MODE","target":{"instance_ids":["well"]},"ttl_seconds":60}"#
            #expect(try await server.post("/commands/bulk", command, token: RunningServer.token).status == 202)
            let all = try await server.get("/instances").json()
            #expect(Self.names(all) == ["lost", "halted", "well"])
            #expect(all["total"] as? Int == 3)
            let items = try #require(all["items"] as? [[String: Any]])
            #expect(items.map { $0["status"] as? String } == ["LOST", "SAFE_MODE", "RUNNING"])
            #expect(items.map { $0["is_late"] as? Bool } == [true, false, false])
            #expect(items[0]["net_exposure"] is NSNull)
            #expect(items[2]["net_exposure"] as? Double == -3.25)
            #expect(items[2]["gross_exposure"] as? Double == 15)
            #expect(items.map { $0["waiting_commands"] as? Int } == [0, 0, 1])
        }
    }

    @Test func `filters of instances combine, and the search ignores case`() async throws {
        try await RunningServer.with { server in
            try await Self.fill(server)
            let expected = [
                "q=WELL": ["well"], "q=bot-": ["lost", "halted", "well"], "status=LOST": ["lost"],
                "exchange=okx&runtime_mode=PAPER": ["halted"], "exchange=okx&runtime_mode=LIVE": [],
                "sort=bot": ["halted", "lost", "well"], "sort=bot&page=2&page_size=1": ["lost"],
                "instance_id=well": ["well"], "sort=silent&page_size=1": ["lost"],
            ]
            for (query, names) in expected {
                #expect(try await Self.names(server.get("/instances?\(query)").json()) == names, "\(query)")
            }
            #expect(try await server.get("/instances?status=ASLEEP").status == 422)
            let table = try await server.get("/instances.csv?q=bot-&sort=bot&limit=2").body.split(separator: "\r\n")
            #expect(table.map { String($0.prefix { $0 != "," }) } == ["instance_id", "halted", "lost"])
        }
    }

    @Test func `the fleet is counted, and its cells are included on request`() async throws {
        try await RunningServer.with { server in
            try await Self.fill(server)
            let figures = try await server.get("/fleet").json()
            #expect(figures["total"] as? Int == 3)
            #expect(figures["cells"] is NSNull)
            let groups = try #require(figures["groups"] as? [[String: Any]])
            #expect(
                groups.map { "\($0["exchange"] ?? "") \($0["status"] ?? "") \($0["instances"] ?? "")" }
                    == ["kraken LOST 1", "kraken RUNNING 1", "okx SAFE_MODE 1"]
            )
            let cells = try await server.get("/fleet?cells=true").json()["cells"] as? [[String: Any]]
            #expect(cells?.map { $0["instance_id"] as? String } == ["lost", "well", "halted"])
        }
    }

    @Test func `positions are listed by symbol, and those of a silent bot are stale`() async throws {
        try await RunningServer.with { server in
            try await Self.fill(server)
            let old =
                #"{"instance_id":"lost","symbol":"ETHEUR","net_exposure":"1","gross_exposure":"1","#
                + #""updated_at":"\#(Timestamp.now.adding(seconds: -200))"}"#
            #expect(try await server.post("/ingest/positions", old).status == 202)
            let all = try await server.get("/portfolio/positions").json()
            #expect(Self.names(all) == ["well", "lost", "well"])
            #expect(try await Self.names(server.get("/portfolio/positions?stale=true").json()) == ["lost"])
            #expect(
                try await Self.names(server.get("/portfolio/positions?stale=false&symbol=BTCEUR").json()) == ["well"]
            )
            #expect(try await server.get("/portfolio/positions?mode=PAPER").json()["total"] as? Int == 0)
        }
    }

    @Test func `a dry run lists the matching instances and their positions, and creates no command`() async throws {
        try await RunningServer.with { server in
            try await Self.fill(server)
            let expected = [
                (#"{"all":true}"#, ["halted", "lost", "well"]), (#"{"status":"LOST"}"#, ["lost"]),
                (#"{"q":"WELL","runtime_mode":"LIVE"}"#, ["well"]), (#"{"q":"bot-","exchange":"okx"}"#, ["halted"]),
            ]
            for (target, names) in expected {
                let body = #"{"command_type":"STOP","target":\#(target),"ttl_seconds":60,"dry_run":true}"#
                let found = try await server.post("/commands/bulk", body, token: RunningServer.token).json()
                #expect(Self.names(found) == names)
                #expect(found["net_exposure"] as? Double == (names.contains("well") ? -3.25 : nil))
                #expect(found["gross_exposure"] as? Double == (names.contains("well") ? 15 : nil))
                #expect(found["symbols"] as? [String] == ["ETHEUR"])
                let instances = try #require(found["instances"] as? [[String: Any]])
                #expect(instances.compactMap { $0["instance_id"] as? String } == names)
            }
            let all = #"{"command_type":"STOP","target":{"all":true},"ttl_seconds":60,"dry_run":true}"#
            let found = try await server.post("/commands/bulk", all, token: RunningServer.token).json()
            let instances = try #require(found["instances"] as? [[String: Any]])
            #expect(instances.map { $0["bot_id"] as? String } == ["bot-halted", "bot-lost", "bot-well"])
            #expect(instances.map { $0["runtime_mode"] as? String } == ["PAPER", "LIVE", "LIVE"])
            #expect(instances.map { $0["symbol"] as? String } == ["ETHEUR", "ETHEUR", "ETHEUR"])
            #expect(instances.map { $0["status"] as? String } == ["SAFE_MODE", "LOST", "RUNNING"])
            #expect(instances.map { $0["is_late"] as? Bool } == [false, true, false])
            #expect(instances.map { $0["net_exposure"] as? Double } == [nil, nil, -3.25])
            #expect(try await server.get("/commands").json()["total"] as? Int == 0)
        }
    }

    @Test func `a bulk reports the progress of its commands`() async throws {
        try await RunningServer.with { server in
            try await Self.fill(server)
            let body = #"{"command_type":"STOP","target":{"all":true},"ttl_seconds":60,"reason":"end of day"}"#
            let bulk = try await server.post("/commands/bulk", body, token: RunningServer.token).json()
            let id = try #require(bulk["bulk_id"] as? String)
            let items = try #require(bulk["items"] as? [[String: Any]])
            let command = try #require(items.first { $0["instance_id"] as? String == "well" }?["command_id"] as? String)
            _ = try await server.get("/instances/well/commands/pending")
            let answer =
                #"{"command_id":"\#(command)","instance_id":"well","status":"COMPLETED","timestamp":"\#(Timestamp.now)"}"#
            #expect(try await server.post("/commands/\(command)/ack", answer).status == 202)
            let coverage = try await server.get("/command-bulks/\(id)").json()
            #expect(coverage["command_type"] as? String == "STOP")
            #expect(coverage["reason"] as? String == "end of day")
            let counts = ["total", "delivered", "confirmed", "failed", "ended", "unreachable"].map {
                coverage[$0] as? Int
            }
            #expect(counts == [3, 1, 1, 0, 0, 1])
            #expect(try await server.get("/commands?bulk_id=\(id)").json()["total"] as? Int == 3)
            for (query, count) in ["command_type=STOP": 3, "command_type=START": 0, "created_by=admin-token-user": 3] {
                #expect(try await server.get("/commands?\(query)").json()["total"] as? Int == count)
            }
            #expect(try await server.get("/command-bulks/\(UUID())").status == 404)
        }
    }
}
