import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import Server

/// Which process owns an instance.
@Suite struct LeaseHTTPTests {
    private func beat(_ boot: String?, _ mode: String = "LIVE", on server: RunningServer) async throws -> String {
        let plain = RunningServer.heartbeat(at: Site.time(0)).replacing("LIVE", with: mode)
        let body = boot.map { plain.dropLast() + #","boot_id":"\#($0)"}"# } ?? plain
        let response = try await server.post("/ingest/heartbeat", body)
        return try response.json()["code"] as? String ?? "\(response.status)"
    }

    @Test func `a heartbeat without a boot is rejected while a process with one reports`() async throws {
        try await TestDatabase.empty { url in
            try await RunningServer.with(databaseURL: url) { server in
                try await server.waitUntilReady()
                let database = Database(.init(url: url, connections: 1), logger: Logger(label: "tests"))
                defer { database.close() }
                // A script that names no boot, alone, then a process, and the script again.
                #expect(try await beat(nil, on: server) == "202")
                #expect(try await beat("first", on: server) == "202")
                #expect(try await beat(nil, on: server) == "LEASE_LOST")
                #expect(try await beat(nil, "PAPER", on: server) == "LEASE_LOST")
                #expect(try await beat("first", on: server) == "202")
                let instance = try await server.get("/instances?instance_id=i1").json()["items"] as? [[String: Any]]
                #expect(instance?.first?["runtime_mode"] as? String == "LIVE")
                // The process has ended: the script owns the instance until another process starts.
                let silence = "UPDATE instance_live SET last_received_at = now() - interval '91 s', fingerprint = NULL"
                _ = try await database.run(Query(sql: silence))
                #expect(try await beat(nil, on: server) == "202")
                #expect(try await beat(nil, on: server) == "202")
                #expect(try await beat(nil, "PAPER", on: server) == "202")
                #expect(try await beat("second", on: server) == "202")
                #expect(try await beat("first", on: server) == "LEASE_LOST")
                #expect(try await beat(nil, on: server) == "LEASE_LOST")
            }
        }
    }
}
