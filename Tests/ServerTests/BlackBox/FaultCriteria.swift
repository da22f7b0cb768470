import Foundation
import Logging
import Postgres
import Synchronization
import TestSupport
import Testing

/// Processes that are killed during writes: acknowledged data is stored exactly once.
@Suite struct FaultCriteria {
    /// The acknowledged writes, and those with an unknown outcome.
    private final class Ledger: Sendable {
        private let state = Mutex<(acknowledged: Set<String>, unknown: Set<String>)>(([], []))

        var acknowledged: Set<String> { state.withLock { $0.acknowledged } }
        var unknown: Set<String> { state.withLock { $0.unknown } }

        func note(_ id: String, isAcknowledged: Bool) {
            state.withLock { state in
                if isAcknowledged { _ = state.acknowledged.insert(id) } else { _ = state.unknown.insert(id) }
            }
        }
    }

    /// The address for writers, and whether they should continue.
    private final class Target: Sendable {
        private let state = Mutex((port: 0, isOver: false))

        var port: Int {
            get { state.withLock { $0.port } }
            set { state.withLock { $0.port = newValue } }
        }

        var isOver: Bool { state.withLock { $0.isOver } }

        func end() {
            state.withLock { $0.isOver = true }
        }
    }

    private func command(_ id: String) -> String {
        #"{"command_id":"\#(id)","instance_id":"i1","command_type":"STOP","ttl_seconds":3600}"#
    }

    private func cost(_ id: String) -> String {
        #"{"instance_id":"i1","symbol":"BTC","cost_type":"FEE","amount":1,"timestamp":"2026-03-01T09:30:00Z","entry_id":"\#(id)"}"#
    }

    /// Writes commands and costs until it is stopped; a write without a 202 response has an unknown outcome.
    private func write(to target: Target, _ commands: Ledger, _ costs: Ledger) async {
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<6 {
                group.addTask {
                    while !target.isOver, !Task.isCancelled {
                        let id = UUID().uuidString.lowercased()
                        let http = RawHTTP(port: target.port)
                        let headers = ["Content-Type": "application/json", "X-Admin-Token": Site.token]
                        let (path, body, ledger) =
                            writer.isMultiple(of: 2)
                            ? ("/commands", command(id), commands) : ("/ingest/costs", cost(id), costs)
                        let answer = try? await http.send("POST", path, headers: headers, body: body)
                        ledger.note(id, isAcknowledged: answer?.status == 202)
                        if answer == nil { try? await Task.sleep(for: .milliseconds(20)) }
                    }
                }
            }
        }
    }

    /// Waits until each ledger has four more acknowledged writes. On a busy machine, one write takes seconds.
    private func waitForMore(in ledgers: Ledger...) async {
        let goals = ledgers.map { $0.acknowledged.count + 4 }
        let limit = ContinuousClock.now + .seconds(120)
        while zip(ledgers, goals).contains(where: { $0.acknowledged.count < $1 }) {
            if ContinuousClock.now > limit {
                Issue.record("no write was acknowledged in two minutes")
                return
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    private func stored(_ sql: String, at url: String) async throws -> [String] {
        let database = Database(.init(url: url, connections: 1, deadline: .seconds(20)), logger: Logger(label: "tests"))
        defer { database.close() }
        return try await database.run(
            Query(Statement(name: "stored", parameterTypes: [], sql: sql), bind: { _ in }) {
                (rows) throws(PostgresError) in
                try rows.many { (row) throws(PostgresError) in try row.read(0) as String }
            }
        )
    }

    /// Everything acknowledged is stored, everything stored was sent, and nothing is stored twice.
    private func check(_ ledger: Ledger, _ found: [String]) {
        #expect(Set(found).count == found.count)
        #expect(ledger.acknowledged.subtracting(found) == [])
        #expect(Set(found).subtracting(ledger.acknowledged).subtracting(ledger.unknown) == [])
        #expect(ledger.acknowledged.count >= 4)
    }

    private func check(_ commands: Ledger, _ costs: Ledger, at url: String) async throws {
        check(commands, try await stored("SELECT command_id::text FROM commands", at: url))
        check(costs, try await stored("SELECT entry_id FROM cost_entries", at: url))
        // A command without its audit row, or the reverse, is half a request.
        let audited = try await stored(
            "SELECT target_id FROM audit_log WHERE action = 'COMMAND_CREATE' AND result = 'SUCCESS'",
            at: url
        )
        #expect(audited.sorted() == (try await stored("SELECT command_id::text FROM commands ORDER BY 1", at: url)))
    }

    @Test func `S2.1 a server that is killed repeatedly leaves no half requests`() async throws {
        try await TestDatabase.migrated { url in
            let (commands, costs) = (Ledger(), Ledger())
            let target = Target()
            func start() async throws -> ServerProcess {
                let process = try ServerProcess(environment: Site.environment(url, [:]))
                let address = await process.line(after: "API  http://127.0.0.1:")
                target.port = Int(address) ?? 0
                return process
            }
            var process = try await start()
            let http = RawHTTP(port: target.port)
            while try await http.send("GET", "/readyz").status != 200 { try await Task.sleep(for: .milliseconds(20)) }
            let beat = RunningServer.heartbeat()
            #expect(
                try await http.send(
                    "POST",
                    "/ingest/heartbeat",
                    headers: ["Content-Type": "application/json"],
                    body: beat
                ).status == 202
            )
            async let writing: Void = write(to: target, commands, costs)
            for _ in 0..<12 {
                try await Task.sleep(for: .milliseconds(Int.random(in: 150...450)))
                kill(process.process.processIdentifier, SIGKILL)
                _ = await process.end()
                process = try await start()
            }
            await waitForMore(in: commands, costs)
            target.end()
            await writing
            process.process.terminate()
            _ = await process.end()
            try await check(commands, costs, at: url)
        }
    }

    @Test func `a killed PostgreSQL is restarted, and the service recovers`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "flotilla-killed-\(UUID().uuidString.prefix(8))"
        ).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (commands, costs, target) = (Ledger(), Ledger(), Target())
        // The server's own cluster.
        var settings = Site.environment("", [:])
        settings["DATABASE_URL"] = nil
        settings["DATA_DIR"] = folder
        let process = try ServerProcess(environment: settings)
        target.port = try #require(Int(await process.line(after: "API  http://127.0.0.1:")))
        let http = RawHTTP(port: target.port)
        while try await http.send("GET", "/readyz").status != 200 { try await Task.sleep(for: .milliseconds(20)) }
        let beat = RunningServer.heartbeat()
        _ = try await http.send("POST", "/ingest/heartbeat", headers: ["Content-Type": "application/json"], body: beat)
        async let writing: Void = write(to: target, commands, costs)
        for _ in 1...3 {
            await waitForMore(in: commands, costs)
            try Self.killPostgres(in: folder)
            // Without it, the service reports that and keeps running.
            #expect(try await http.send("GET", "/healthz").status == 200)
        }
        await waitForMore(in: commands, costs)
        target.end()
        await writing
        process.process.terminate()
        let (status, errors) = await process.end()
        #expect(status == 0, "\(errors)")
        let cluster = try await EmbeddedCluster.start(
            in: folder,
            logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        )
        let result = await Result { try await check(commands, costs, at: cluster.url(database: "flotilla")) }
        try await cluster.stop()
        try result.get()
    }

    /// Kills the postmaster and all its processes.
    private static func killPostgres(in path: String) throws {
        let text = try String(contentsOfFile: path + "/data/postmaster.pid", encoding: .utf8)
        let pid = try #require(text.split(separator: "\n").first.flatMap { pid_t($0) })
        let children = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let own = children.compactMap { pid_t($0) }.filter { child in
            let status = (try? String(contentsOfFile: "/proc/\(child)/status", encoding: .utf8)) ?? ""
            return status.contains("PPid:\t\(pid)\n")
        }
        for process in [pid] + own { kill(process, SIGKILL) }
    }
}
