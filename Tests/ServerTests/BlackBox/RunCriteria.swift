import Foundation
import Logging
import Postgres
import TestSupport
import Testing

/// Steps 11 to 13 of the agreed scope, each sentence as an external client would check it, on one server and on three.
@Suite struct RunCriteria {
    private func module(_ site: Site, enabled: Bool = true) async throws -> String {
        let id = UUID().uuidString.lowercased()
        let body = """
            {"module_id":"\(id)","name":"m","enabled":\(enabled),"execution_mode":"MANUAL","config":{},\
            "created_at":"\(Site.time(0))","updated_at":"\(Site.time(0))"}
            """
        #expect(try await site.ask("POST", "/modules", body).status == 201)
        return id
    }

    private func trigger(_ site: Site, _ module: String) async throws -> RawHTTP.Response {
        try await site.ask("POST", "/modules/\(module)/run", #"{"trigger_type":"MANUAL"}"#)
    }

    private func run(_ site: Site, _ module: String) async throws -> String {
        try #require(try await trigger(site, module).json()["run_id"] as? String)
    }

    private func patch(_ site: Site, _ run: String, _ body: String) async throws -> RawHTTP.Response {
        try await site.ask("PATCH", "/module-runs/\(run)", body)
    }

    @Test(arguments: [1, 3])
    func `S11.1 runs are queued for enabled modules`(servers: Int) async throws {
        try await Site.with(servers) { site in
            let id = try await module(site)
            let queued = try await trigger(site, id)
            #expect(queued.status == 202)
            #expect(try queued.json()["status"] as? String == "QUEUED")
            #expect(UUID(uuidString: try queued.json()["run_id"] as? String ?? "") != nil)
            #expect(try await site.ask("POST", "/modules/\(id)/run", "").status == 422)
            #expect(try await trigger(site, UUID().uuidString).status == 404)
            #expect(try await trigger(site, try await module(site, enabled: false)).status == 409)
            #expect(try await site.ask("POST", "/modules/\(id)/run", "{}", token: nil).status == 401)
        }
    }

    @Test(arguments: [1, 3])
    func `S11.2 and S11.3 runs only move forward, and are found by module and status`(servers: Int) async throws {
        try await Site.with(servers) { site in
            let (first, second) = (try await module(site), try await module(site))
            let id = try await run(site, first)
            #expect(try await patch(site, id, #"{"status":"RUNNING"}"#).status == 200)
            let done = try await patch(site, id, #"{"status":"SUCCEEDED","summary":"well"}"#)
            #expect(done.status == 200)
            #expect(try done.json()["ended_at"] is String)
            #expect(try done.json()["summary"] as? String == "well")
            #expect(try await patch(site, id, #"{"status":"RUNNING"}"#).status == 409)
            #expect(try await patch(site, id, #"{"status":"BANANA"}"#).status == 422)
            #expect(try await patch(site, UUID().uuidString, #"{"status":"RUNNING"}"#).status == 404)
            let kept = try await run(site, first)
            _ = try await patch(site, kept, #"{"status":"RUNNING"}"#)
            let ended = try await patch(site, kept, #"{"status":"FAILED","ended_at":"2026-03-01T09:30:00Z"}"#)
            #expect(try ended.json()["ended_at"] as? String == "2026-03-01T09:30:00Z")
            for _ in 0..<5 { _ = try await trigger(site, second) }
            #expect(try await site.list("/module-runs?module_id=\(first)&status=FAILED").count == 1)
            #expect(try await site.list("/module-runs?module_id=\(second)").count == 5)
            #expect(try await site.ask("GET", "/module-runs?status=BANANA").status == 422)
            let (ids, total) = try await site.walk("/module-runs", "run_id")
            #expect(total == 7)
            #expect(Set(ids).count == 7)
            let starts = try await site.list("/module-runs").compactMap { $0["started_at"] as? String }
            #expect(starts == starts.sorted(by: >))
        }
    }

    @Test(arguments: [1, 3])
    func `S12 of concurrent ends of a run one is stored, and the statistics add up`(servers: Int) async throws {
        try await Site.with(servers) { site in
            let module = try await module(site)
            let id = try await run(site, module)
            _ = try await patch(site, id, #"{"status":"RUNNING"}"#)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<50 { group.addTask { try await site.ask("POST", "/module-runs/\(id)/cancel").status } }
                group.addTask { try await patch(site, id, #"{"status":"SUCCEEDED"}"#).status }
                return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
            }
            #expect(statuses == [200: 1, 409: 50])
            let again = try await site.ask("POST", "/module-runs/\(id)/cancel")
            #expect(try again.json()["detail"] as? String == "module run already terminal")
            let queued = try await run(site, module)
            let canceled = try await site.ask("POST", "/module-runs/\(queued)/cancel")
            #expect(try canceled.json()["status"] as? String == "CANCELED")
            #expect(try canceled.json()["ended_at"] is String)
            _ = try await trigger(site, module)
            let stats = try await site.ask("GET", "/module-runs/stats").json()
            let counts = try #require(stats["status_counts"] as? [String: Int])
            #expect(stats["total_runs"] as? Int == 3)
            #expect(counts.values.reduce(0, +) == 3)
            #expect(stats["active_runs"] as? Int == 1)
            #expect(try await site.list("/audit/logs?action=MODULE_RUN_CANCEL&result=SUCCESS").count >= 1)
            #expect(try await site.ask("GET", "/module-runs/stats", token: nil).status == 401)
        }
    }

    @Test(arguments: [1, 3])
    func `S13 a stuck run has one alert until it ends`(servers: Int) async throws {
        try await Site.with(servers) { site in
            let module = try await module(site)
            let (queued, ended) = (try await run(site, module), try await run(site, module))
            _ = try await patch(site, ended, #"{"status":"RUNNING"}"#)
            _ = try await patch(site, ended, #"{"status":"SUCCEEDED"}"#)
            let database = Database(.init(url: site.databaseURL, connections: 1), logger: Logger(label: "tests"))
            defer { database.close() }
            _ = try await database.run(Query(sql: "UPDATE module_runs SET started_at = now() - interval '1 h'"))
            let path = "/alerts/module-runs/stuck-check"
            let created = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        let json = try await site.ask("POST", path).json()
                        return (json["stuck_runs"] as? Int ?? -1, json["alerts_created"] as? Int ?? -1)
                    }
                }
                return try await group.reduce(into: (stuck: 0, created: 0)) {
                    ($0.stuck, $0.created) = ($0.stuck + $1.0, $0.created + $1.1)
                }
            }
            #expect(created == (20, 1))
            let alert = try await site.list("/alerts")[0]
            #expect(alert["severity"] as? String == "WARNING")
            #expect(alert["source"] as? String == "module_runs")
            #expect([alert["target_type"], alert["target_id"]].map { $0 as? String } == ["module_run", queued])
            let details =
                try await site.list("/audit/logs?action=MODULE_RUN_STUCK_ALERT")[0]["details"] as? [String: Any]
            #expect(details?["notified"] as? Bool == false)
            #expect(try await site.ask("POST", path).json()["threshold_seconds"] as? Int == 900)
            for seconds in [59, 86_401] {
                #expect(try await site.ask("POST", "\(path)?stale_after_seconds=\(seconds)").status == 422)
            }
            #expect(try await site.ask("POST", path, token: nil).status == 401)
            _ = try await site.ask("POST", "/module-runs/\(queued)/cancel")
            #expect(try await site.list("/alerts")[0]["status"] as? String == "RESOLVED")
        }
    }
}
