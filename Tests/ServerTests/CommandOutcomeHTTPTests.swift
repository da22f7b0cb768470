import Foundation
import TestSupport
import Testing

@testable import Server

/// The dashboard's pages for commands that ended before their instance acknowledged them.
@Suite struct CommandOutcomeHTTPTests {
    @Test func `a page states that a canceled command was delivered, and warns before it is repeated`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat(at: Site.time(0)))
            let id = UUID().uuidString.lowercased()
            let command = #"{"command_id":"\#(id)","instance_id":"i1","command_type":"START","ttl_seconds":60}"#
            _ = try await server.post("/commands", command, token: RunningServer.token)
            _ = try await server.get("/instances/i1/commands/pending", token: nil)
            let canceled = try await server.post("/commands/\(id)/cancel", "", token: RunningServer.token)
            #expect(try canceled.json()["outcome"] as? String == "UNKNOWN", "\(canceled.body)")
            let browser = try await Browser(server, token: RunningServer.token)
            for page in ["/commands", "/commands/\(id)", "/bots/b1/i1?tab=history&view=commands"] {
                let body = try await browser.get(page).body
                #expect(body.contains("canceled after delivery: outcome unknown"), "\(page)")
            }
            let warning = "\(id) was canceled after delivery: outcome unknown."
            #expect(try await browser.get("/commands/\(id)").body.contains(warning))
            let again = try await browser.get("/commands/new?instance=i1&type=START&repeats=\(id)").body
            #expect(again.contains(warning))
            // START needs no reason, its repetition does.
            #expect(again.contains("Reason, at least 8 characters"))
            let acknowledgement = """
                {"command_id":"\(id)","instance_id":"i1","status":"COMPLETED","timestamp":"\(Site.time(0))"}
                """
            let receipt = try await server.post("/commands/\(id)/ack", acknowledgement)
            #expect(try receipt.json()["command_outcome"] as? String == "COMPLETED_LATE", "\(receipt.body)")
            #expect(try await browser.get("/commands/\(id)").body.contains("completed after it was canceled"))
        }
    }
}
