import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import Server

/// What probes of load balancers see: an answer at once, whatever the database does.
@Suite struct ReadinessTests {
    /// Probes commonly give up after a second. The answer takes under a millisecond; the rest is for a machine under load.
    private static let patience = Duration.milliseconds(500)

    private func probe(_ server: RunningServer) async throws -> RawHTTP.Response {
        let start = ContinuousClock.now
        let answer = try await server.get("/readyz", token: nil)
        #expect(ContinuousClock.now - start < Self.patience)
        return answer
    }

    private func wait(for status: Int, of server: RunningServer) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            if try await probe(server).status == status { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("no answer with status \(status)")
    }

    @Test func `readiness answers at once while nobody listens where the database should be`() async throws {
        let nobody = "postgres://nobody@127.0.0.1:1/nothing"
        try await RunningServer.with(databaseURL: nobody) { server in
            for _ in 0..<20 {
                let answer = try await probe(server)
                #expect(answer.status == 503)
                #expect(answer.headers["retry-after"] == "1")
                #expect(try answer.json()["code"] as? String == "DATABASE_UNAVAILABLE")
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
                    for _ in 0..<20 {
                        let answer = try await probe(server)
                        #expect(answer.status == 503)
                    }
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
                let deadline = ContinuousClock.now + .seconds(30)
                var code: String?
                while code != "DATABASE_NOT_WRITABLE", ContinuousClock.now < deadline {
                    code = try await probe(server).json()["code"] as? String
                }
                #expect(code == "DATABASE_NOT_WRITABLE")
            }
        }
    }
}
