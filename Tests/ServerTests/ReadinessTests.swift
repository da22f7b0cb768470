import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import Server

/// Probes of load balancers get an answer at once, whatever the database does.
@Suite struct ReadinessTests {
    /// Probes commonly give up after a second. A look at the database itself takes 1.8 s while that does not answer.
    private static let patience = Duration.milliseconds(500)

    /// Probes twenty times. The fastest answer counts: the others may have waited for a processor.
    private func probe(_ server: RunningServer, _ check: (RawHTTP.Response) throws -> Void) async throws {
        var fastest = Duration.seconds(60)
        for _ in 0..<20 {
            let start = ContinuousClock.now
            let answer = try await server.get("/readyz", token: nil)
            fastest = min(fastest, ContinuousClock.now - start)
            try check(answer)
        }
        #expect(fastest < Self.patience)
    }

    private func wait(for status: Int, of server: RunningServer) async throws {
        try await wait(for: server, until: "status \(status)") { $0.status == status }
    }

    private func wait(for code: String, of server: RunningServer) async throws {
        try await wait(for: server, until: "code \(code)") { try $0.json()["code"] as? String == code }
    }

    private func wait(
        for server: RunningServer,
        until condition: String,
        _ holds: (RawHTTP.Response) throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if try holds(try await server.get("/readyz", token: nil)) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("no answer with \(condition)")
    }

    @Test func `readiness answers at once while the database's port is closed`() async throws {
        let closed = "postgres://flotilla@127.0.0.1:1/nothing"
        try await RunningServer.with(databaseURL: closed) { server in
            // Until the first look at the database has ended, the code is READINESS_UNKNOWN.
            try await wait(for: "DATABASE_UNAVAILABLE", of: server)
            try await probe(server) { answer in
                #expect(answer.status == 503)
                #expect(answer.headers["retry-after"] == "1")
                // On a busy machine a look may be too old to say more.
                let code = try answer.json()["code"] as? String
                #expect(["DATABASE_UNAVAILABLE", "READINESS_UNKNOWN"].contains(code))
            }
        }
    }

    @Test func `readiness answers at once while the database accepts everything and answers nothing`() async throws {
        try await TestDatabase.migrated { url in
            try await StallingProxy.with(databaseURL: url) { proxy, url in
                try await RunningServer.with(databaseURL: url) { server in
                    try await wait(for: 200, of: server)
                    proxy.isStalled = true
                    try await wait(for: 503, of: server)
                    try await probe(server) { #expect($0.status == 503) }
                    proxy.isStalled = false
                    try await wait(for: 200, of: server)
                }
            }
        }
    }

    @Test func `a database that takes no writes is not ready`() async throws {
        try await TestDatabase.migrated { url in
            let readOnly = url + " options='-c default_transaction_read_only=on'"
            try await RunningServer.with(databaseURL: readOnly, migrates: false) { server in
                try await wait(for: "DATABASE_NOT_WRITABLE", of: server)
            }
        }
    }
}
