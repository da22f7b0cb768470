import Foundation
import TestSupport
import Testing

/// Steps 2, 5 and 6 of the agreed scope, each sentence as an external client would check it, on one server and on three.
@Suite struct FleetCriteria {
    @Test(arguments: [1, 3])
    func `S2.2a heartbeats need no credentials`(servers: Int) async throws {
        try await Site.with(servers) { site in
            let answer = try await site.beat()
            #expect(answer.status == 202)
            #expect(answer.body == #"{"status":"accepted"}"#)
        }
        try await Site.with(servers, settings: ["AGENT_AUTH": "required"]) { site in
            let answer = try await site.beat()
            #expect(answer.status == 401)
        }
    }

    @Test(arguments: [1, 3])
    func `S2.2b operations that are not open require the token before they read the body`(servers: Int) async throws {
        try await Site.with(servers) { site in
            let contract = try await site.send("GET", "/openapi.json").json()
            let paths = try #require(contract["paths"] as? [String: Any])
            var checked = 0
            for (path, item) in paths {
                for (method, value) in try #require(item as? [String: Any]) {
                    // Parameters that a path's operations share are listed beside them.
                    guard let operation = value as? [String: Any] else { continue }
                    if (operation["security"] as? [Any])?.isEmpty == true { continue }
                    // Agents' own credentials open the others, and no token of a person does.
                    let isForPeople =
                        (operation["security"] as? [[String: Any]])?.contains { $0["adminToken"] != nil } != false
                    let path = path.replacing(/\{[^}]+\}/, with: "0b9f6c1e-2a54-4d55-9f0e-6b6f3f2f6d11")
                    let takesBody = operation["requestBody"] != nil
                    let body = takesBody ? "" : nil
                    let refused = try await site.ask(method.uppercased(), path, body, token: nil)
                    #expect(refused.status == 401, "\(method) \(path)")
                    #expect(try refused.json()["detail"] as? String == "Unauthorized")
                    if takesBody {
                        let status = try await site.ask(method.uppercased(), path, body).status
                        #expect(status == (isForPeople ? 422 : 401), "\(method) \(path)")
                    }
                    checked += 1
                }
            }
            #expect(checked > 50)
        }
    }

    @Test(arguments: [1, 3])
    func `S2.3 the first heartbeat creates bot and instance, however many arrive at once`(servers: Int) async throws {
        try await Site.with(servers) { site in
            #expect(try await site.storm(500) { try await site.beat(ago: 1).status } == [202: 500])
            let bots = try await site.list("/bots")
            #expect(bots.count == 1)
            let bot = bots[0]
            #expect([bot["bot_id"], bot["name"]].map { $0 as? String } == ["b1", "b1"])
            #expect(bot["strategy_name"] as? String == "unknown")
            #expect(
                [bot["instance_id"], bot["runtime_mode"], bot["exchange"]].map { $0 as? String } == [
                    "i1", "LIVE", "binance",
                ]
            )
            let before = try #require(bot["last_seen"] as? String)
            #expect(try await site.beat(version: "2.0", mode: "PAPER").status == 202)
            let after = try await site.list("/bots")[0]
            #expect(after["version"] as? String == "2.0")
            #expect(after["runtime_mode"] as? String == "PAPER")
            #expect(try #require(after["last_seen"] as? String) > before)
        }
    }

    @Test(arguments: [1, 3])
    func `S2.4 modules are registered, changed, listed and deleted`(servers: Int) async throws {
        try await Site.with(servers) { site in
            let id = UUID().uuidString.lowercased()
            func module(_ name: String, enabled: Bool = true) -> String {
                """
                {"module_id":"\(id)","name":"\(name)","enabled":\(enabled),"execution_mode":"SCHEDULED","schedule_cron":"0 2 * * *",\
                "config":{"a":1},"created_at":"\(Site.time(0))","updated_at":"\(Site.time(0))"}
                """
            }
            let created = try await site.ask("POST", "/modules", module("first"))
            #expect(created.status == 201)
            let shown = try await site.ask("GET", "/modules/\(id)")
            #expect(shown.body == created.body)
            let changed = try await site.ask("POST", "/modules", module("second", enabled: false))
            #expect(changed.status == 201)
            #expect(try changed.json()["name"] as? String == "second")
            #expect(try changed.json()["created_at"] as? String == (try created.json()["created_at"] as? String))
            #expect(try await site.list("/modules?enabled=true").isEmpty)
            #expect(try await site.list("/modules?enabled=false").count == 1)
            #expect(try await site.list("/module-runs").isEmpty)
            #expect(try await site.ask("DELETE", "/modules/\(id)").status == 204)
            #expect(try await site.ask("GET", "/modules/\(id)").status == 404)
            #expect(try await site.ask("DELETE", "/modules/\(id)").status == 204)
        }
    }

    @Test(arguments: [1, 3])
    func `S5.1 and S5.2 commands and their acknowledgements outlive the servers, and all are audited`(servers: Int)
        async throws
    {
        try await TestDatabase.migrated { url in
            let (id, shown) = try await Site.with(servers, at: url) { site in
                _ = try await site.beat()
                let (id, created) = try await site.command()
                #expect(created.status == 202)
                #expect(try created.json()["status"] as? String == "PENDING")
                #expect(try created.json()["created_by"] as? String == "admin-token-user")
                #expect(try await site.command(id: try #require(UUID(uuidString: id))).response.status == 409)
                for status in ["ACCEPTED", "COMPLETED"] {
                    #expect(try await site.acknowledge(id, status).status == 202)
                }
                #expect(try await site.acknowledge(id, "FAILED", by: "i2").status == 403)
                return (id, try await site.ask("GET", "/commands/\(id)").body)
            }
            try await Site.with(servers, at: url) { site in
                #expect(try await site.ask("GET", "/commands/\(id)").body == shown)
                let detail = try await site.ask("GET", "/commands/\(id)").json()
                let receipts = try #require(detail["acknowledgements"] as? [[String: Any]])
                #expect(receipts.map { $0["status"] as? String } == ["ACCEPTED", "COMPLETED"])
                #expect(Set(receipts.compactMap { $0["ack_id"] as? String }).count == 2)
                let audit = try await site.list("/audit/logs?target_id=\(id)").reversed()
                let rows = audit.map { "\($0["actor"] ?? "") \($0["action"] ?? "") \($0["result"] ?? "")" }
                #expect(
                    rows == [
                        "admin-token-user COMMAND_CREATE SUCCESS", "admin-token-user COMMAND_CREATE REJECTED",
                        "agent COMMAND_ACK SUCCESS", "agent COMMAND_ACK SUCCESS", "agent COMMAND_ACK REJECTED",
                    ]
                )
            }
        }
    }

    @Test(arguments: [1, 3])
    func `S5.3 an instance pulls its own pending commands, in order, until they expire`(servers: Int) async throws {
        try await Site.with(servers) { site in
            #expect(try await site.send("GET", "/instances/ghost/commands/pending").body == "[]")
            _ = try await site.beat("i1")
            _ = try await site.beat("i2")
            let short = try await site.command("STOP", ttl: 1.5).id
            let first = try await site.command("START").id
            let second = try await site.command("FLATTEN").id
            _ = try await site.command(to: "i2")
            func pending() async throws -> [String] {
                let body = try await site.send("GET", "/instances/i1/commands/pending").body
                let items = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [[String: Any]]
                return (items ?? []).compactMap { $0["command_id"] as? String }
            }
            #expect(try await pending() == [short, first, second])
            try await Task.sleep(for: .milliseconds(1_600))
            #expect(try await pending() == [first, second])
            _ = try await site.acknowledge(first, "ACCEPTED")
            #expect(try await pending() == [second])
            let past = try await site.command(ttl: -10).response
            #expect(past.status == 400)
            #expect(try await site.command(to: "ghost").response.status == 404)
        }
    }

    @Test(arguments: [1, 3])
    func `S6.2 a silent instance has one alert until it is back`(servers: Int) async throws {
        try await Site.with(servers) { site in
            _ = try await site.beat(ago: 300)
            let path = "/alerts/heartbeat-check?stale_after_seconds=60"
            let check = try await site.ask("POST", path).json()
            #expect(check["stale_threshold_seconds"] as? Int == 60)
            #expect(check["stale_instances"] as? Int == 1)
            #expect(check["alerts_created"] as? Int == 1)
            let created = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await site.ask("POST", path).json()["alerts_created"] as? Int ?? -1 }
                }
                return try await group.reduce(0, +)
            }
            #expect(created == 0)
            let alert = try await site.list("/alerts")[0]
            #expect(alert["severity"] as? String == "CRITICAL")
            #expect(alert["source"] as? String == "heartbeat_monitor")
            #expect([alert["target_type"], alert["target_id"]].map { $0 as? String } == ["instance", "i1"])
            #expect(alert["status"] as? String == "OPEN")
            _ = try await site.beat()
            #expect(try await site.list("/alerts")[0]["status"] as? String == "RESOLVED")
            for seconds in [29, 3_601] {
                #expect(
                    try await site.ask("POST", "/alerts/heartbeat-check?stale_after_seconds=\(seconds)").status == 422
                )
            }
        }
    }

    @Test(arguments: [1, 3])
    func `S1.4 every list is read without gaps and repetitions`(servers: Int) async throws {
        try await Site.with(servers) { site in
            for number in 0..<7 {
                _ = try await site.beat("i\(number)", bot: "b\(number)", ago: 300)
                _ = try await site.command(to: "i\(number)")
            }
            #expect(try await site.ask("POST", "/alerts/heartbeat-check").json()["alerts_created"] as? Int == 7)
            let lists = [
                ("/bots", "instance_id", 7), ("/commands", "command_id", 7), ("/alerts", "alert_id", 7),
                ("/audit/logs", "audit_id", 14),
            ]
            for (path, id, count) in lists {
                let (ids, total) = try await site.walk(path, id)
                #expect(total == count, "\(path)")
                #expect(ids.count == count, "\(path)")
                #expect(Set(ids).count == count, "\(path)")
                for query in ["page=0", "page_size=0", "page_size=201", "page=x"] {
                    #expect(try await site.ask("GET", "\(path)?\(query)").status == 422, "\(path)?\(query)")
                }
                let page = try await site.ask("GET", path).json()
                #expect(page["page"] as? Int == 1)
                #expect(page["page_size"] as? Int == 50)
            }
        }
    }

    @Test(arguments: [1, 3])
    func `S0.4 and S0.5 stored data is the same on every server, with times in UTC`(servers: Int) async throws {
        try await TestDatabase.migrated { url in
            let paths = ["/bots", "/commands", "/alerts", "/audit/logs"]
            let before = try await Site.with(servers, at: url) { site in
                let body = """
                    {"instance_id":"i1","bot_id":"b1","runtime_mode":"LIVE","exchange":"binance","symbol":"BTCUSDT","version":"1",\
                    "timestamp":"2026-03-01T18:30:00+09:00"}
                    """
                #expect(try await site.send("POST", "/ingest/heartbeat", body).status == 202)
                #expect(
                    try await site.send("POST", "/ingest/heartbeat", body.replacing("+09:00", with: "")).status == 422
                )
                _ = try await site.command()
                _ = try await site.ask("POST", "/alerts/heartbeat-check")
                #expect(try await site.list("/bots")[0]["last_seen"] as? String == "2026-03-01T09:30:00Z")
                return try await bodies(paths, site)
            }
            // Other processes, in another time zone.
            let after = try await Site.with(servers, at: url, settings: ["TZ": "Asia/Tokyo"]) { site in
                try await bodies(paths, site)
            }
            #expect(before == after)
            let times = after.flatMap {
                $0.matches(of: /"(?:timestamp|[a-z_]+_at|last_seen)":"([^"]*)"/).map { String($0.output.1) }
            }
            #expect(times.count == 9)
            for time in times {
                #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z/) != nil, "\(time)")
            }
        }
    }

    private func bodies(_ paths: [String], _ site: Site) async throws -> [String] {
        var bodies: [String] = []
        for path in paths { bodies.append(try await site.ask("GET", path).body) }
        return bodies
    }
}
