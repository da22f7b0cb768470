import ContractRuntime
import Foundation
import Handlers
import Logging
import Postgres
import TestSupport
import Testing

@testable import Server

/// High-risk commands need the approval of independent people, whatever anybody reports, issues or edits.
@Suite struct ApprovalTests {
    @Test func `an anonymous PAPER heartbeat does not disable approval`() async throws {
        try await Desk.with { desk in
            try await desk.beat("was-live", "LIVE")
            try await desk.beat("was-live", "PAPER")
            try await desk.beat("claims-paper", "PAPER")
            for instance in ["was-live", "claims-paper"] {
                #expect(try await desk.send("FLATTEN", to: instance).status == "AWAITING_APPROVAL")
                #expect(try await desk.pending(instance).isEmpty)
            }
        }
    }

    @Test func `an instance that was LIVE within a day counts as LIVE, also after it was retired`() async throws {
        try await Desk.with(["AGENT_AUTH": "required"]) { desk in
            let agent = try await desk.agent("i1")
            try await desk.beat("i1", "PAPER", agent)
            #expect(try await desk.send("FLATTEN", to: "i1").status == "PENDING")
            try await desk.beat("i1", "LIVE", agent)
            try await desk.beat("i1", "PAPER", agent)
            #expect(try await desk.send("FLATTEN", to: "i1").status == "AWAITING_APPROVAL")
            try await desk.sql(
                "UPDATE instance_live SET last_received_at = now() - interval '1 h', last_seen = now() - interval '1 h'"
            )
            let retired = try await desk.server.post(
                "/instances/i1/retire",
                #"{"reason":"moved"}"#,
                token: "olga-secret"
            )
            #expect(retired.status == 200, "\(retired.body)")
            try await desk.beat("i1", "PAPER", agent)
            #expect(try await desk.send("FLATTEN", to: "i1").status == "AWAITING_APPROVAL")
            try await desk.sql("UPDATE instance_live SET live_until = now() - interval '25 h'")
            #expect(try await desk.send("FLATTEN", to: "i1").status == "PENDING")
        }
    }

    @Test func `a mode is proven by an agent with a token`() async throws {
        try await Desk.with(["AGENT_AUTH": "required"]) { desk in
            let agent = try await desk.agent("i1")
            try await desk.beat("i1", "PAPER", agent)
            #expect(try await desk.send("START", to: "i1").status == "PENDING")
            // As a server of release 1.2.0 without required tokens stores it.
            try await desk.sql("UPDATE instance_live SET runtime_mode = 'BACKTEST', fingerprint = NULL")
            #expect(try await desk.send("START", to: "i1").status == "AWAITING_APPROVAL")
        }
    }

    @Test func `SET_MODE is judged by the exact meaning of its payload`() async throws {
        try await Desk.with(["AGENT_AUTH": "required"]) { desk in
            let agent = try await desk.agent("i1")
            try await desk.beat("i1", "PAPER", agent)
            let clear = [
                #"{"mode":"PAPER"}"#, #"{"runtime_mode":"BACKTEST"}"#, #"{"mode":"PAPER","runtime_mode":"PAPER"}"#,
            ]
            for payload in clear {
                #expect(try await desk.send("SET_MODE", to: "i1", payload).status == "PENDING", "\(payload)")
            }
            let unclear = [
                #"{"mode":"LIVE"}"#, #"{"mode":"live"}"#, #"{"Mode":"LIVE"}"#, #"{"mode":["LIVE"]}"#, #"{}"#,
                #"{"mode":null}"#,
                #"{"\u006dode":"L\u0049VE"}"#, #"{"mode":{"mode":"LIVE"}}"#, #"{"mode":"PAPER","Mode":"LIVE"}"#,
                #"{"mode":"PAPER","runtime_mode":"LIVE"}"#, #"{"mode":"ＬＩＶＥ"}"#, #"{"mode":"LIVE "}"#,
            ]
            for payload in unclear {
                #expect(try await desk.send("SET_MODE", to: "i1", payload).status == "AWAITING_APPROVAL", "\(payload)")
            }
            #expect(try await desk.pending("i1", agent).count == clear.count)
        }
    }

    @Test func `START on a LIVE instance waits, and so do the commands of the kill switch`() async throws {
        try await Desk.with(["AGENT_AUTH": "required"]) { desk in
            try await desk.beat("live", "LIVE", try await desk.agent("live"))
            try await desk.beat("paper", "PAPER", try await desk.agent("paper"))
            #expect(try await desk.send("START", to: "live").status == "AWAITING_APPROVAL")
            #expect(try await desk.send("START", to: "paper").status == "PENDING")
            for (type, ofLive) in [
                ("START", "AWAITING_APPROVAL"), ("FLATTEN", "AWAITING_APPROVAL"), ("SAFE_MODE", "PENDING"),
            ] {
                let body = #"{"command_type":"\#(type)","target":{"all":true},"ttl_seconds":600}"#
                let bulk = try await desk.server.post("/commands/bulk", body, token: "olga-secret")
                let items = try #require(try bulk.json()["items"] as? [[String: Any]])
                #expect(items.map { $0["status"] as? String } == [ofLive, "PENDING"])
                #expect(items.map { $0["is_high_risk"] as? Bool } == [ofLive != "PENDING", false])
            }
        }
    }

    @Test func `a command is judged again when it is delivered`() async throws {
        try await Desk.with(["AGENT_AUTH": "required"]) { desk in
            let agent = try await desk.agent("i1")
            try await desk.beat("i1", "PAPER", agent)
            let command = try await desk.send("FLATTEN", to: "i1")
            let harmless = try await desk.send("SAFE_MODE", to: "i1")
            #expect(command.status == "PENDING")
            try await desk.beat("i1", "LIVE", agent)
            #expect(try await desk.pending("i1", agent) == [harmless.id])
            let held = try await desk.server.get("/commands/\(command.id)").json()
            #expect(held["status"] as? String == "AWAITING_APPROVAL")
            let timeline = try #require(held["timeline"] as? [[String: Any]])
            #expect(timeline.map { $0["event"] as? String } == ["CREATED", "AWAITING_APPROVAL"])
            let entry = try #require(try await desk.audit("COMMAND_HOLD").first)
            #expect(entry.actor == "scheduler" && entry.result == "REJECTED" && entry.target == command.id)
            #expect(entry.details["approvals"] as? Int == 0 && entry.details["approvals_needed"] as? Int == 1)
            #expect(entry.details["reason"] as? String == "the command is high-risk on this instance now")
            #expect(try await desk.approve(command.id, "ann-secret").status == 200)
            #expect(try await desk.pending("i1", agent) == [harmless.id, command.id])
            #expect(try await desk.audit("COMMAND_HOLD").count == 1)
        }
    }

    @Test func `an approval holds only for the command that was approved`() async throws {
        try await Desk.with { desk in
            try await desk.beat("i1", "LIVE")
            let command = try await desk.send("FLATTEN", to: "i1", #"{"symbols":["BTCUSDT"]}"#)
            #expect(try await desk.approve(command.id, "ann-secret").status == 200)
            try await desk.sql("UPDATE commands SET payload = '{\"symbols\": [\"ETHUSDT\"]}'")
            #expect(try await desk.pending("i1").isEmpty)
            #expect(try await desk.audit("COMMAND_HOLD").map(\.target) == [command.id])
            #expect(try await desk.approve(command.id, "ann-secret").status == 200)
            #expect(try await desk.pending("i1") == [command.id])
            // A row that was inserted into the database has no approval.
            try await desk.sql(
                """
                INSERT INTO commands (command_id, instance_id, command_type, issued_at, expires_at, payload, status, created_by)
                VALUES (gen_random_uuid(), 'i1', 'SET_MODE', now(), now() + interval '1 h', '{"mode": "LIVE"}', 'PENDING', 'olga')
                """
            )
            #expect(try await desk.pending("i1") == [command.id])
        }
    }

    @Test func `the issuer of a token cannot approve with it, nor approve its commands`()
        async throws
    {
        try await Desk.with { desk in
            try await desk.beat("i1", "LIVE")
            func issue(_ name: String, _ role: String, by issuer: String) async throws -> String {
                let body = #"{"name":"\#(name)","roles":["\#(role)"]}"#
                let response = try await desk.server.post("/tokens", body, token: issuer)
                let token = try response.json()["token"] as? String
                return try #require(token, "\(response.body)")
            }
            // Carl is an admin, dora an admin and approver.
            let carlsApprover = try await issue("carls-approver", "approver", by: "carl-secret")
            let carlsOperator = try await issue("carls-operator", "operator", by: "carl-secret")
            let carlsAdmin = try await issue("carls-admin", "admin", by: "carl-secret")
            let distant = try await issue("distant", "approver", by: carlsAdmin)
            let dorasOperator = try await issue("doras-operator", "operator", by: "dora-secret")
            let first = try await issue("first", "operator", by: RunningServer.token)
            let second = try await issue("second", "approver", by: RunningServer.token)
            let refused: [(operator: String, approver: String, actor: String)] = [
                ("carl-secret", carlsApprover, "carls-approver"), ("carl-secret", distant, "distant"),
                (carlsOperator, carlsApprover, "carls-approver"), (dorasOperator, "dora-secret", "dora"),
                ("dora-secret", "dora-secret", "dora"), (first, RunningServer.token, "admin-token-user"),
                (RunningServer.token, second, "second"),
            ]
            for attempt in refused {
                let command = try await desk.send("FLATTEN", to: "i1", by: attempt.operator)
                #expect(command.status == "AWAITING_APPROVAL")
                let response = try await desk.approve(command.id, attempt.approver)
                #expect(response.status == 403)
                #expect(try response.json()["code"] as? String == "SECOND_PERSON_NEEDED")
                let entry = try #require(try await desk.audit("COMMAND_APPROVE").first { $0.target == command.id })
                #expect(entry.actor == attempt.actor && entry.result == "REJECTED")
            }
            #expect(try await desk.pending("i1").isEmpty)
            for (sender, approver) in [("olga-secret", "ann-secret"), ("olga-secret", carlsApprover), (first, second)] {
                let command = try await desk.send("FLATTEN", to: "i1", by: sender)
                #expect(try await desk.approve(command.id, approver).status == 200)
            }
            #expect(try await desk.pending("i1").count == 3)
        }
    }

    @Test func `a rotated token belongs to the person who rotated it`() async throws {
        try await Desk.with { desk in
            try await desk.beat("i1", "LIVE")
            let body = #"{"name":"eve","roles":["approver"]}"#
            let issued = try await desk.server.post("/tokens", body, token: RunningServer.token).json()
            let id = try #require(issued["token_id"] as? String)
            let rotated = try await desk.server.post("/tokens/\(id)/rotate", "{}", token: "carl-secret").json()
            let stolen = try #require(rotated["token"] as? String)
            let command = try await desk.send("FLATTEN", to: "i1", by: "carl-secret")
            #expect(try await desk.approve(command.id, stolen).status == 403)
        }
    }

    @Test func `COMMAND_APPROVERS people approve a command, each once`() async throws {
        try await Desk.with(["COMMAND_APPROVERS": "2"]) { desk in
            try await desk.beat("i1", "LIVE")
            let command = try await desk.send("FLATTEN", to: "i1")
            let first = try await desk.approve(command.id, "ann-secret")
            #expect(first.status == 200)
            #expect(try first.json()["status"] as? String == "AWAITING_APPROVAL")
            let again = try await desk.approve(command.id, "ann-secret")
            #expect(again.status == 403)
            #expect(
                try again.json()["detail"] as? String
                    == "you have already approved this command; 1 more person must approve it"
            )
            #expect(try await desk.pending("i1").isEmpty)
            let body = #"{"name":"doras-approver","roles":["approver"]}"#
            let issued = try await desk.server.post("/tokens", body, token: "dora-secret").json()
            #expect(try await desk.approve(command.id, "dora-secret").json()["status"] as? String == "PENDING")
            #expect(try await desk.pending("i1") == [command.id])
            // Two approvals of one person count once.
            let other = try await desk.send("FLATTEN", to: "i1")
            #expect(try await desk.approve(other.id, "dora-secret").status == 200)
            #expect(try await desk.approve(other.id, try #require(issued["token"] as? String)).status == 403)
            let timeline = try #require(
                try await desk.server.get("/commands/\(command.id)").json()["timeline"] as? [[String: Any]]
            )
            #expect(
                timeline.map { "\($0["event"] ?? "") \($0["actor"] ?? "")" } == [
                    "CREATED olga", "APPROVAL ann", "APPROVED dora", "DELIVERED i1",
                ]
            )
        }
    }
}

/// A server that requires approval, with people whose tokens are configured.
struct Desk {
    let server: RunningServer
    let database: Database

    static func with(_ settings: [String: String] = [:], _ body: @Sendable (Desk) async throws -> Void) async throws {
        try await TestDatabase.empty { url in try await with(url, settings, body) }
    }

    /// Runs `body` with a server over the database at `url`.
    static func with<R: Sendable>(
        _ url: String,
        _ settings: [String: String],
        _ body: @Sendable (Desk) async throws -> R
    ) async throws -> R {
        let people = [("olga", "operator"), ("ann", "approver"), ("carl", "admin"), ("dora", "admin,approver")]
        let lines = people.map { "\($0.0) \($0.1) \(TokenSecret.hash("\($0.0)-secret"))" }
        let file = FileManager.default.temporaryDirectory.appending(path: "tokens-\(UUID())")
        try Data(lines.joined(separator: "\n").utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let standard = ["COMMAND_APPROVAL": "required", "ADMIN_TOKENS_FILE": file.path]
        return try await RunningServer.with(databaseURL: url, settings: standard.merging(settings) { $1 }) { server in
            try await server.waitUntilReady()
            let database = Database(.init(url: url, connections: 1), logger: Logger(label: "tests"))
            defer { database.close() }
            return try await body(Desk(server: server, database: database))
        }
    }

    /// Issues the token of an agent.
    func agent(_ instance: String) async throws -> String {
        let issued = try await server.post("/instances/\(instance)/tokens", "{}", token: "carl-secret")
        return try #require(try issued.json()["token"] as? String, "\(issued.body)")
    }

    func beat(_ instance: String, _ mode: String, _ token: String? = nil) async throws {
        let body = RunningServer.heartbeat(instance, at: Timestamp.now.description).replacing("LIVE", with: mode)
        let response = try await server.post(
            "/ingest/heartbeat",
            body,
            headers: token.map { ["X-Agent-Token": $0] } ?? [:]
        )
        #expect(response.status == 202, "\(response.body)")
    }

    func send(_ type: String, to instance: String, _ payload: String = "{}", by token: String = "olga-secret")
        async throws
        -> (id: String, status: String?)
    {
        let id = UUID().uuidString.lowercased()
        let body =
            #"{"command_id":"\#(id)","instance_id":"\#(instance)","command_type":"\#(type)","ttl_seconds":600,"payload":\#(payload)}"#
        let response = try await server.post("/commands", body, token: token)
        #expect(response.status == 202, "\(response.body)")
        return (id, try response.json()["status"] as? String)
    }

    func approve(_ command: String, _ token: String) async throws -> RawHTTP.Response {
        try await server.post("/commands/\(command)/approve", "{}", token: token)
    }

    /// The ids of the commands that a poll returns.
    func pending(_ instance: String, _ token: String? = nil) async throws -> [String] {
        let headers = token.map { ["X-Agent-Token": $0] } ?? [:]
        let response = try await server.api.send("GET", "/instances/\(instance)/commands/pending", headers: headers)
        #expect(response.status == 200, "\(response.body)")
        let commands = try JSONSerialization.jsonObject(with: Data(response.body.utf8)) as? [[String: Any]]
        return try #require(commands).compactMap { $0["command_id"] as? String }
    }

    struct Entry {
        let actor: String
        let result: String
        let target: String
        let details: [String: Any]
    }

    /// The audit entries of an action, newest first.
    func audit(_ action: String) async throws -> [Entry] {
        let page = try await server.get("/audit/logs?action=\(action)&page_size=200").json()
        return try #require(page["items"] as? [[String: Any]]).map { item in
            Entry(
                actor: item["actor"] as? String ?? "",
                result: item["result"] as? String ?? "",
                target: item["target_id"] as? String ?? "",
                details: item["details"] as? [String: Any] ?? [:]
            )
        }
    }

    func sql(_ text: String) async throws { _ = try await database.run(Query(sql: text)) }
}
