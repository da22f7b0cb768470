import ContractRuntime
import Foundation
import Generated
import Handlers
import Logging
import Postgres
import TestSupport
import Testing

@testable import Server

/// Approvers authenticate again, and guesses of their token are counted.
@Suite struct ConfirmationTests {
    /// A command that waits for approval, and the token of an approver.
    private func waitingCommand(on server: RunningServer) async throws -> (id: String, approver: String) {
        try await server.waitUntilReady()
        _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat(at: Site.time(0)))
        let id = UUID().uuidString.lowercased()
        let command = """
            {"command_id":"\(id)","instance_id":"i1","command_type":"FLATTEN","issued_at":"\(Site.time(-1))",\
            "expires_at":"\(Site.time(3_600))","payload":{}}
            """
        let operatorBody = #"{"name":"olga","roles":["operator"]}"#
        let olga = try await server.post("/tokens", operatorBody, token: RunningServer.token).json()["token"] as? String
        let given = try await server.post("/commands", command, token: olga)
        #expect(try given.json()["status"] as? String == "AWAITING_APPROVAL", "\(given.body)")
        let body = #"{"name":"ann","roles":["approver"]}"#
        let token = try await server.post("/tokens", body, token: RunningServer.token)
        return (id, try #require(try token.json()["token"] as? String))
    }

    private let settings = ["COMMAND_APPROVAL": "required", "TRUSTED_PROXIES": "127.0.0.1"]

    @Test func `invalid tokens for an approval are slowed after five from any address, and the valid one never is`()
        async throws
    {
        try await RunningServer.with(settings: settings) { server in
            let (id, approver) = try await waitingCommand(on: server)
            let browser = try await Browser(server, token: approver)
            var statuses: [Int] = []
            for number in 1...7 {
                let answer = try await browser.post(
                    "/commands/\(id)/decide",
                    "decision=approve&token=wrong-\(number)",
                    headers: ["X-Forwarded-For": "203.0.113.\(number)"]
                )
                statuses.append(answer.status)
            }
            #expect(statuses == [403, 403, 403, 403, 403, 429, 429])
            // Another principal's token is invalid, too.
            let other = try await browser.post(
                "/commands/\(id)/decide",
                "decision=deny&token=\(RunningServer.token)",
                headers: ["X-Forwarded-For": "203.0.113.8"]
            )
            #expect(other.status == 429)
            let entries = try #require(try await server.get("/audit/logs").json()["items"] as? [[String: Any]])
            let denials = entries.filter { $0["actor"] as? String == "ann" && $0["action"] as? String == "AUTHORIZE" }
            #expect(denials.count == 5)
            #expect(denials.allSatisfy { $0["target_id"] as? String == "approveCommand" })
            let right = try await browser.post("/commands/\(id)/decide", "decision=approve&token=\(approver)")
            #expect(right.status == 303)
            #expect(right.headers["location"] == "/approvals?done=approved")
        }
    }

    @Test func `invalid tokens for an approval count as failures of their address`() async throws {
        try await RunningServer.with(settings: settings) { server in
            let (id, approver) = try await waitingCommand(on: server)
            let browser = try await Browser(server, token: approver)
            let address = ["X-Forwarded-For": "203.0.113.1"]
            for number in 1...5 {
                let fields = "decision=approve&token=wrong-\(number)"
                _ = try await browser.post("/commands/\(id)/decide", fields, headers: address)
            }
            let form = ["Content-Type": "application/x-www-form-urlencoded"].merging(address) { $1 }
            #expect(try await server.web.send("POST", "/login", headers: form, body: "token=wrong").status == 429)
        }
    }

    @Test func `a token that cannot be looked up is not an invalid one`() async throws {
        let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        let database = Database(.init(url: "host=/nowhere", connections: 1), logger: logger)
        defer { database.close() }
        let schema = SchemaState()
        schema.confirm(version: Migration.all.count)
        let sessions = SessionAuthenticator(
            api: API(database: database, schema: schema, logger: logger),
            authenticator: Authenticator(
                adminToken: "t",
                tokens: [],
                authorization: Authorization(requiresAgents: false)
            )
        )
        let ann = Principal(name: "ann", scopes: [])
        for _ in 0..<7 {
            let problem = await #expect(throws: Problem.self) {
                try await sessions.confirm("ann's", of: ann, for: .approveCommand, from: "203.0.113.1")
            }
            #expect(problem?.status == 503)
        }
    }
}
