import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import Server

/// A server whose own PostgreSQL has no space left on its disk.
@Suite struct DiskFullTests {
    private static let token = "a-token-for-a-full-disk"

    /// Whether this process may mount a file system in a separate namespace.
    static let canMount: Bool = {
        guard geteuid() == 0 else { return false }
        let trial = Process()
        trial.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        trial.arguments = ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        trial.standardError = FileHandle.nullDevice
        guard (try? trial.run()) != nil else { return false }
        trial.waitUntilExit()
        return trial.terminationStatus == 0
    }()

    private struct Machine {
        let server: ServerProcess
        let api: RawHTTP
        /// The path of the disk for the server.
        let disk: String

        var socket: String { disk + "/cluster" }

        /// Fills all remaining space.
        func fill() throws {
            let file = try #require(fopen(disk + "/filler", "a"))
            defer { fclose(file) }
            let block = [UInt8](repeating: 1, count: 1 << 20)
            while fwrite(block, 1, block.count, file) == block.count {}
        }

        func makeRoom() throws { try FileManager.default.removeItem(atPath: disk + "/filler") }

        func beat(_ instance: String) async throws -> Int {
            let body = RunningServer.heartbeat(instance, at: Site.time(0))
            let headers = ["Content-Type": "application/json"]
            return try await api.send("POST", "/ingest/heartbeat", headers: headers, body: body).status
        }

        func readiness() async throws -> String {
            let answer = try await api.send("GET", "/readyz")
            return answer.status == 200 ? "READY" : try answer.json()["code"] as? String ?? ""
        }

        func waitUntil(_ state: String) async throws {
            let deadline = ContinuousClock.now + .seconds(90)
            while try await readiness() != state {
                try #require(ContinuousClock.now < deadline, "\(state)")
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    private static func withMachine(_ body: (Machine) async throws -> Void) async throws -> [Substring] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "flotilla-full-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let mount = #"mount -t tmpfs -o size=160m,mode=755 tmpfs "$0" && exec "$@""#
        let server = try ServerProcess(
            ["serve", "--migrate"],
            environment: [
                "DATA_DIR": folder + "/cluster", "ADMIN_TOKEN": token, "API_ADDRESS": "127.0.0.1:0",
                "WEB_ADDRESS": "127.0.0.1:0", "DATABASE_CONNECTIONS": "2", "LOG_LEVEL": "notice",
                "CHECK_INTERVAL_SECONDS": "0",
            ],
            under: ["unshare", "-m", "sh", "-c", mount, folder]
        )
        let port = await server.line(after: "API  http://127.0.0.1:")
        let result = await Result {
            let api = RawHTTP(port: try #require(Int(port)), isRecorded: true)
            // Mounts of another namespace are reachable through its processes (proc(5)).
            let machine = Machine(
                server: server,
                api: api,
                disk: "/proc/\(server.process.processIdentifier)/root" + folder
            )
            try await machine.waitUntil("READY")
            try await body(machine)
        }
        server.process.terminate()
        let log = await server.end().errors
        try result.get()
        return log.split(separator: "\n")
    }

    @Test(.enabled(if: canMount, "only root may mount, and not in every container"))
    func `a full disk gets 503 with the reason, and acknowledged data is there once there is space`() async throws {
        let log = try await Self.withMachine { machine in
            #expect(try await machine.beat("before") == 202)
            try machine.fill()
            try await machine.waitUntil("DATABASE_FULL")
            let statuses = try await Self.beats(machine)
            #expect(Set(statuses.values).subtracting([202, 503]) == [])

            // The write-ahead log is full: PostgreSQL ends, and cannot recover either.
            while FileManager.default.fileExists(atPath: machine.socket + "/data/postmaster.pid") {
                await Self.exhaustLog(machine)
            }
            #expect(try await machine.beat("during") == 503)
            try await machine.waitUntil("DATABASE_FULL")
            let metrics = try await machine.api.send("GET", "/metrics", headers: ["X-Admin-Token": Self.token]).body
            #expect(metrics.contains("\nflotilla_disk_bytes \(160 << 20)\n"))

            try machine.makeRoom()
            try await machine.waitUntil("READY")
            #expect(try await machine.beat("after") == 202)
            let list = try await machine.api.send(
                "GET",
                "/instances?page_size=200",
                headers: ["X-Admin-Token": Self.token]
            ).body
            for (instance, status) in statuses where status == 202 { #expect(list.contains("\"\(instance)\"")) }
            #expect(list.contains("\"before\""))
        }
        let advice = "delete other files on it or enlarge it"
        #expect(log.contains { $0.contains("the disk of the embedded PostgreSQL is full") && $0.contains(advice) })
        #expect(log.contains { $0.contains("the embedded PostgreSQL is running again") })
        #expect(log.filter { $0.contains(" error ") }.count < 20, "\(log.joined(separator: "\n"))")
    }

    /// The responses to first heartbeats of instances.
    private static func beats(_ machine: Machine) async throws -> [String: Int] {
        var statuses: [String: Int] = [:]
        for number in 0..<100 { statuses["new-\(number)"] = try await machine.beat("new-\(number)") }
        return statuses
    }

    private static func exhaustLog(_ machine: Machine) async {
        let url = "host='\(machine.socket)' user=flotilla dbname=flotilla"
        let database = Database(
            .init(url: url, connections: 1, deadline: .seconds(10)),
            logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        )
        defer { database.close() }
        let message = "SELECT pg_logical_emit_message(TRUE, 'test', repeat('x', 1000000))"
        for _ in 0..<200 where (try? await database.run(Query(sql: message))) == nil { return }
    }
}
