import Foundation
import TestSupport
import Testing

@testable import Server

/// Retirement and deletion of instances by operators: over the API and on the dashboard.
@Suite struct RetirementHTTPTests {
    private func send(
        _ method: String,
        _ path: String,
        _ body: String? = nil,
        token: String = RunningServer.token,
        on server: RunningServer
    ) async throws -> RawHTTP.Response {
        let headers = ["X-Admin-Token": token, "Content-Type": "application/json"]
        return try await server.api.send(method, path, headers: headers, body: body)
    }

    private func token(_ role: String, on server: RunningServer) async throws -> String {
        let body = #"{"name":"\#(role)","roles":["\#(role)"]}"#
        return try #require(try await send("POST", "/tokens", body, on: server).json()["token"] as? String)
    }

    @Test func `operators retire, admins delete, and rejections contain instructions`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            // The heartbeat's timestamp is old, so the instance is LOST although the heartbeat has just arrived.
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            let viewer = try await token("viewer", on: server)
            let operatorToken = try await token("operator", on: server)
            #expect(try await send("POST", "/instances/i1/retire", "{}", token: viewer, on: server).status == 403)
            let early = try await send("POST", "/instances/i1/retire", "{}", token: operatorToken, on: server)
            #expect(early.status == 409)
            #expect(try early.json()["code"] as? String == "INSTANCE_REPORTING")
            let stopped = RunningServer.heartbeat().replacingOccurrences(of: "}", with: #","state":"STOPPED"}"#)
            #expect(try await server.post("/ingest/heartbeat", stopped).status == 202)
            let delete = "/instances/i1?reason=gone"
            #expect(try await send("DELETE", delete, on: server).json()["code"] as? String == "INSTANCE_NOT_RETIRED")
            let body = #"{"reason":"replaced"}"#
            let retired = try await send("POST", "/instances/i1/retire", body, token: operatorToken, on: server)
            #expect(retired.status == 200)
            #expect(try retired.json()["retired_by"] as? String == "operator")
            #expect(try await server.get("/retired-instances").json()["total"] as? Int == 1)
            #expect(try await server.get("/metrics", token: nil).body.contains("flotilla_instances_retired 1\n"))
            #expect(try await send("DELETE", delete, token: operatorToken, on: server).status == 403)
            for _ in 1...2 {
                let deleted = try await send("DELETE", delete, on: server)
                #expect(deleted.status == 202)
                #expect(try deleted.json()["is_being_deleted"] as? Bool == true)
            }
            let beat = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            #expect(beat.status == 409)
            #expect(try beat.json()["code"] as? String == "INSTANCE_BEING_DELETED")
            #expect(beat.headers["retry-after"] == "60")
        }
    }

    @Test func `the dashboard retires and deletes with a reason and a phrase, and verifies the log on request`()
        async throws
    {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let stopped = RunningServer.heartbeat().replacingOccurrences(of: "}", with: #","state":"STOPPED"}"#)
            _ = try await server.post("/ingest/heartbeat", stopped)
            let form = ["Content-Type": "application/x-www-form-urlencoded"]
            let login = try await server.web.send("POST", "/login", headers: form, body: "token=\(RunningServer.token)")
            let cookie = String((login.headers["set-cookie"] ?? "").prefix { $0 != ";" })
            func open(_ path: String) async throws -> String {
                try await server.web.send("GET", path, headers: ["Cookie": cookie]).body
            }
            func press(_ path: String, _ fields: String = "") async throws -> RawHTTP.Response {
                let page = try await open("/settings")
                let csrf = page.components(separatedBy: #"name="csrf" value=""#)[1].prefix { $0 != "\"" }
                let headers = form.merging(["Cookie": cookie]) { $1 }
                return try await server.web.send("POST", path, headers: headers, body: "csrf=\(csrf)\(fields)")
            }
            #expect(try await open("/bots/b1/i1").contains(#"action="/instances/i1/retire""#))
            #expect(try await open("/instances/i1/retire").contains(#"data-phrase="RETIRE i1""#))
            let wrong = try await press("/instances/i1/retire", "&reason=replaced+by+i2&phrase=retire+i1")
            #expect(wrong.status == 400)
            let retired = try await press("/instances/i1/retire", "&reason=replaced+by+i2&phrase=RETIRE+i1")
            #expect(retired.headers["location"] == "/retired-instances?done=retired")
            let list = try await open("/retired-instances")
            #expect(list.contains("replaced by i2"))
            #expect(try await open("/bots/b1/i1").contains(#"data-phrase="DELETE i1""#))
            #expect(try await !open("/bots").contains("/bots/b1/i1"))
            let deleted = try await press("/retired-instances/i1/delete", "&reason=never+again&phrase=DELETE+i1")
            #expect(deleted.headers["location"] == "/retired-instances?done=deleting")
            #expect(try await open("/retired-instances").contains("being deleted"))
            // Only its button verifies the audit log.
            #expect(try await open("/audit").contains("Not verified since this server started"))
            #expect(try await press("/audit/verify").headers["location"] == "/audit?done=verified")
            #expect(try await open("/audit").contains("Hash chain verified, "))
        }
    }
}
