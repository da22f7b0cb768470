import ContractRuntime
import Foundation
import Logging
import Postgres
import TestSupport
import Testing

/// A server with a wrong clock: the database's clock decides.
@Suite struct ServerClockTests {
    /// A library for `LD_PRELOAD` that moves the clock of a process by the given number of seconds.
    private func clock(_ seconds: Int, in folder: URL) throws -> String {
        let source = folder.appending(path: "clock.c")
        try """
        #define _GNU_SOURCE
        #include <sys/syscall.h>
        #include <time.h>
        #include <unistd.h>
        int clock_gettime(clockid_t clock, struct timespec *time) {
            int result = syscall(SYS_clock_gettime, clock, time);
            if (clock == CLOCK_REALTIME) time->tv_sec += \(seconds);
            return result;
        }
        """.write(to: source, atomically: true, encoding: .utf8)
        let library = folder.appending(path: "clock.so").path
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments = ["clang", "-shared", "-fPIC", "-o", library, source.path]
        try compiler.run()
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0)
        return library
    }

    /// Runs `body` with a server whose clock is wrong by the given number of seconds, and its database.
    private func with(
        clockAheadBy seconds: Int,
        _ body: (RunningServer, Database) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "clock-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let library = try clock(seconds, in: folder)
        try await TestDatabase.migrated { url in
            let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
            let database = Database(.init(url: url, connections: 1), logger: logger)
            defer { database.close() }
            let process = try ServerProcess(
                ["serve", "--only", "api"],
                environment: [
                    "DATABASE_URL": url, "ADMIN_TOKEN": RunningServer.token, "API_ADDRESS": "127.0.0.1:0",
                    "LD_PRELOAD": library,
                ]
            )
            defer { process.process.terminate() }
            let port = try #require(Int(await process.line(after: "API  http://127.0.0.1:")))
            let server = RunningServer(api: RawHTTP(port: port), web: RawHTTP(port: 0))
            try await server.waitUntilReady()
            try await body(server, database)
        }
    }

    @Test(arguments: [-40, 40])
    func `a command lives for its requested time`(seconds: Int) async throws {
        try await with(clockAheadBy: seconds) { server, database in
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            let id = UUID().uuidString.lowercased()
            let command = #"{"command_id":"\#(id)","instance_id":"i1","command_type":"STOP","ttl_seconds":30}"#
            let answer = try await server.post("/commands", command, token: RunningServer.token)
            #expect(answer.status == 202, "\(answer.body)")
            let pending = try await server.get("/instances/i1/commands/pending", token: nil)
            #expect(pending.body.contains(id), "\(pending.body)")
            let life = "SELECT round(extract(epoch FROM expires_at - first_delivered_at))::text FROM commands"
            #expect(["29", "30"].contains(try await database.run(Query(text: life))))
        }
    }

    @Test(arguments: [-120, 120])
    func `the Date header is the database's time`(seconds: Int) async throws {
        try await with(clockAheadBy: seconds) { server, _ in
            let response = try await server.get("/instances/i1/commands/pending", token: nil)
            let date = try #require(response.headers["date"].flatMap { Timestamp(httpDate: $0) })
            #expect(date.microseconds(until: .now).magnitude < 5_000_000, "\(date)")
        }
    }

    @Test(arguments: [-3_600, 3_600])
    func `a schedule runs at its time`(seconds: Int) async throws {
        try await with(clockAheadBy: seconds) { server, database in
            let module = """
                {"module_id":"7d3c1a52-6a3c-4f6e-9d59-0b7e6c1f0a11","name":"m","description":"m","enabled":true,\
                "execution_mode":"SCHEDULED","schedule_cron":"* * * * *","config":{},"created_at":"2026-03-01T09:30:00Z",\
                "updated_at":"2026-03-01T09:30:00Z"}
                """
            let answer = try await server.post("/modules", module, token: RunningServer.token)
            #expect(answer.status == 201, "\(answer.body)")
            // A minute may begin between the answer and this statement.
            let isNext =
                "SELECT (next_run_at BETWEEN now() - interval '10 s' AND now() + interval '1 minute')::text FROM modules"
            #expect(try await database.run(Query(text: isNext)) == "true")
            // The same after a run.
            _ = try await database.run(Query(sql: "UPDATE modules SET next_run_at = now() - interval '1 second'"))
            while try await database.run(Query(text: "SELECT count(*)::text FROM module_runs")) == "0" {
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(try await database.run(Query(text: isNext)) == "true")
        }
    }
}
