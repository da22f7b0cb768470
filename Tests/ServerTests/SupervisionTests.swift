import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Server

/// `flotilla-server serve` as a supervisor of two processes.
@Suite(.serialized) struct SupervisionTests {
    @Test func `a start waits for an address that a killed process has not closed yet`() async throws {
        let killed = try ListeningSocket(at: ListenAddress(host: "127.0.0.1", port: 0))
        let start = ContinuousClock.now
        async let socket = Task.detached { try ListeningSocket(at: killed.address) }.value
        try await Task.sleep(for: .milliseconds(500))
        killed.close()
        let bound = try await socket
        defer { bound.close() }
        #expect(ContinuousClock.now - start >= .milliseconds(500))
        #expect(bound.address.port == killed.address.port)
        // An address that stays in use is an error.
        let error = await #expect(throws: IOError.self) {
            try await Task.detached { try ListeningSocket(at: bound.address) }.value
        }
        #expect(error?.errnoCode == EADDRINUSE)
    }

    private static let token = "a-token-for-two-processes"

    private struct Pair {
        let supervisor: ServerProcess
        let api: RawHTTP
        let web: RawHTTP

        var id: pid_t { supervisor.process.processIdentifier }

        func child(_ component: Component) -> pid_t? {
            ProcessTable.children(of: id).first { $0.arguments.contains(component.rawValue) }?.id
        }
    }

    /// Starts both processes and runs `body` when they are ready.
    private static func withPair(_ settings: [String: String], _ body: (Pair) async throws -> Void) async throws {
        let standard = [
            "ADMIN_TOKEN": token, "API_ADDRESS": "127.0.0.1:0", "WEB_ADDRESS": "127.0.0.1:0", "LOG_LEVEL": "notice",
            "DATABASE_CONNECTIONS": "4", "CHECK_INTERVAL_SECONDS": "1",
        ]
        let supervisor = try ServerProcess(
            ["serve", "--migrate"],
            environment: standard.merging(settings) { _, new in new }
        )
        let ports = await supervisor.lines(after: ["API  http://127.0.0.1:", "WEB  http://127.0.0.1:"])
        let api = RawHTTP(port: try #require(Int(ports[0])), isRecorded: true)
        let pair = Pair(supervisor: supervisor, api: api, web: RawHTTP(port: try #require(Int(ports[1]))))
        let result = await Result {
            try await until("ready") { try await pair.api.send("GET", "/readyz").status == 200 }
            try await until("ready") { try await pair.web.send("GET", "/login").status == 200 }
            try await body(pair)
        }
        supervisor.process.terminate()
        _ = await supervisor.end()
        try result.get()
    }

    /// Waits until a condition holds; the limit only catches hangs.
    private static func until(
        _ what: String,
        within limit: Duration = .seconds(60),
        _ condition: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while (try? await condition()) != true {
            try #require(ContinuousClock.now < deadline, "\(what)")
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// The cookie of a session on the dashboard, whose process may not know the schema yet.
    private static func session(_ web: RawHTTP) async throws -> String {
        let headers = ["Content-Type": "application/x-www-form-urlencoded"]
        var cookie = ""
        try await until("a session") {
            let answer = try await web.send("POST", "/login", headers: headers, body: "token=\(token)")
            cookie = String((answer.headers["set-cookie"] ?? "").prefix { $0 != ";" })
            return answer.status == 303
        }
        return cookie
    }

    private static func beat(_ api: RawHTTP, _ instance: String, ago seconds: Double = 0) async throws -> Int {
        let body = RunningServer.heartbeat(instance, at: Site.time(-seconds))
        return try await api.send(
            "POST",
            "/ingest/heartbeat",
            headers: ["Content-Type": "application/json"],
            body: body
        ).status
    }

    @Test func `a crash of the dashboard fails no heartbeat, and the dashboard returns at its address`() async throws {
        try await TestDatabase.empty { url in
            try await Self.withPair(["DATABASE_URL": url]) { pair in
                let (crashed, survivor) = (try #require(pair.child(.dashboard)), pair.child(.api))
                let statuses = try await withThrowingTaskGroup(of: [Int].self) { group in
                    for client in 0..<4 {
                        group.addTask {
                            var statuses: [Int] = []
                            let end = ContinuousClock.now + .seconds(2)
                            while ContinuousClock.now < end || statuses.count < 25 {
                                statuses.append(try await Self.beat(pair.api, "i\(client)"))
                            }
                            return statuses
                        }
                    }
                    try await Task.sleep(for: .milliseconds(500))
                    kill(crashed, SIGSEGV)
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                #expect(Set(statuses) == [202])
                #expect(statuses.count >= 100)
                try await Self.until("the dashboard is back") { pair.child(.dashboard) ?? crashed != crashed }
                #expect(try await pair.web.send("GET", "/login").status == 200)
                #expect(pair.child(.api) == survivor)
            }
        }
    }

    @Test func `connections to a crashed API wait until it is back, and the dashboard mentions the outage`()
        async throws
    {
        try await TestDatabase.empty { url in
            try await Self.withPair(["DATABASE_URL": url]) { pair in
                let cookie = try await Self.session(pair.web)
                // Several crashes in a row: each run is shorter than the delay before the next restart.
                for _ in 0..<3 {
                    let crashed = try #require(pair.child(.api))
                    kill(crashed, SIGSEGV)
                    // No connection is refused: it waits, and only one that the crash closed fails.
                    try await Self.until("the API is back") { try await pair.api.send("GET", "/healthz").status == 200 }
                    try await Self.until("another process") { pair.child(.api) ?? crashed != crashed }
                }
                try await Self.until("the page mentions the outage") {
                    let page = try await pair.web.send("GET", "/dashboard", headers: ["Cookie": cookie])
                    return page.status == 200 && page.body.contains("The API did not respond from ")
                }
            }
        }
    }

    @Test func `while the API does not respond every page shows it, and the periodic checks continue`() async throws {
        try await TestDatabase.empty { url in
            try await Self.withPair(["DATABASE_URL": url, "HEARTBEAT_STALE_SECONDS": "30"]) { pair in
                let cookie = try await Self.session(pair.web)
                #expect(try await Self.beat(pair.api, "i1") == 202)
                let command = """
                    {"command_id":"\(UUID().uuidString)","instance_id":"i1","command_type":"SAFE_MODE","ttl_seconds":10,"payload":{}}
                    """
                let headers = ["X-Admin-Token": Self.token, "Content-Type": "application/json"]
                #expect(try await pair.api.send("POST", "/commands", headers: headers, body: command).status == 202)
                #expect(!(try await pair.web.send("GET", "/login").body.contains("The API has not responded")))
                let api = try #require(pair.child(.api))
                kill(api, SIGSTOP)
                try await Self.until("the pages show the outage") {
                    let pages = try await [
                        pair.web.send("GET", "/login"),
                        pair.web.send("GET", "/dashboard", headers: ["Cookie": cookie]),
                    ]
                    return pages.allSatisfy { $0.status == 200 && $0.body.contains("The API has not responded since ") }
                }
                // The dashboard's process runs the checks.
                try await Self.until("the command has expired", within: .seconds(90)) {
                    let commands = try await pair.web.send(
                        "GET",
                        "/api/commands?status=EXPIRED",
                        headers: ["Cookie": cookie]
                    )
                    return commands.body.contains("\"i1\"")
                }
                kill(api, SIGCONT)
                try await Self.until("the pages show the end of the outage") {
                    try await pair.web.send("GET", "/login").body.contains("It is responding again.")
                }
                #expect(pair.child(.api) == api)
            }
        }
    }

    @Test func `the processes end with a killed supervisor, and the next one takes over its cluster`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "flotilla-pair-\(UUID().uuidString)").path
        // The second one has the keys of the audit log.
        defer { for path in [folder, folder + "-keys"] { try? FileManager.default.removeItem(atPath: path) } }
        var children: [pid_t] = []
        let secret = [
            "DATA_DIR": folder, "WEBHOOK_URL": "http://127.0.0.1:9/secret-hook", "CHECK_INTERVAL_SECONDS": "0",
        ]
        try await Self.withPair(secret) { pair in
            #expect(try await Self.beat(pair.api, "i1") == 202)
            children = ProcessTable.children(of: pair.id).map(\.id)
            #expect(children.count >= 2)
            try Self.expectNoSecrets(inClusterAt: folder)
            kill(pair.id, SIGKILL)
            try await Self.until("the processes end") {
                children.allSatisfy { !ProcessTable.isServer($0) }
            }
        }
        try await Self.withPair(["DATA_DIR": folder]) { pair in
            let bots = try await pair.api.send("GET", "/bots", headers: ["X-Admin-Token": Self.token])
            #expect(bots.body.contains("\"b1\""))
        }
    }

    /// The processes of PostgreSQL need none of the server's secrets, and other users of the machine may be able to read their environment.
    private static func expectNoSecrets(inClusterAt folder: String) throws {
        let file = try String(contentsOfFile: folder + "/data/postmaster.pid", encoding: .utf8)
        let postmaster = try #require(pid_t(file.prefix { $0 != "\n" }))
        for id in [postmaster] + ProcessTable.children(of: postmaster).map(\.id) {
            let environment = ProcessTable.environment(of: id)
            #expect(!environment.contains { $0.contains(token) || $0.contains("secret-hook") }, "\(environment)")
        }
        #expect(ProcessTable.environment(of: postmaster).contains { $0.hasPrefix("PATH=") })
    }

    @Test func `a second signal ends the supervisor immediately, and with it a process that hangs`() async throws {
        try await TestDatabase.empty { url in
            try await Self.withPair(["DATABASE_URL": url]) { pair in
                let hanging = try #require(pair.child(.api))
                kill(hanging, SIGSTOP)
                kill(pair.id, SIGTERM)
                try await Self.until("the other process ends") { pair.child(.dashboard) == nil }
                #expect(pair.supervisor.process.isRunning)
                kill(pair.id, SIGTERM)
                try await Self.until("the supervisor ends") { !pair.supervisor.process.isRunning }
                #expect(pair.supervisor.process.terminationStatus == 1)
                kill(hanging, SIGCONT)
                try await Self.until("the process ends") { !ProcessTable.isServer(hanging) }
            }
        }
    }

    @Test func `with one listener off, or with --only, there is one process`() async throws {
        try await TestDatabase.migrated { url in
            let settings = [
                "DATABASE_URL": url, "ADMIN_TOKEN": Self.token, "API_ADDRESS": "127.0.0.1:0",
                "WEB_ADDRESS": "127.0.0.1:0", "LOG_LEVEL": "error",
            ]
            let alone = try ServerProcess(environment: settings.merging(["API_ADDRESS": "off"]) { _, new in new })
            let only = try ServerProcess(["serve", "--only", "dashboard"], environment: settings)
            for server in [alone, only] {
                let port = try #require(Int(await server.line(after: "WEB  http://127.0.0.1:")))
                #expect(try await RawHTTP(port: port).send("GET", "/login").status == 200)
                #expect(ProcessTable.children(of: server.process.processIdentifier).isEmpty)
                server.process.terminate()
                #expect(await server.end().status == 0)
            }
            let off = try ServerProcess(
                ["serve", "--only", "api"],
                environment: settings.merging(["API_ADDRESS": "off"]) { _, new in new }
            )
            let (status, errors) = await off.end()
            #expect(status == 2)
            #expect(errors == "flotilla-server: API_ADDRESS: found 'off', expected HOST:PORT with --only api\n")
        }
    }

    @Test func `the first restart is immediate, the following ones wait for up to a second`() {
        var delay = RestartDelay()
        let crashes = (0..<7).map { _ in delay.after(lifetime: .seconds(1)) }
        let milliseconds = [0, 100, 200, 400, 800, 1_000, 1_000]
        #expect(crashes == milliseconds.map { .milliseconds($0) })
        #expect(delay.after(lifetime: .seconds(10)) == .zero)
    }

    @Test(arguments: [
        ("http://api:8000/healthz", "api", 8_000, "/healthz", false), ("https://[::1]", "::1", 443, "/", true),
        ("http://a.example/h?x=1", "a.example", 80, "/h?x=1", false),
    ])
    func `the URL of a health check is parsed`(text: String, host: String, port: Int, target: String, isTLS: Bool)
        throws
    {
        let url = try #require(HealthURL(text))
        #expect((url.host, url.port, url.target) == (host, port, target))
        #expect(url.isTLS == isTLS)
    }

    @Test(arguments: ["", "api:8000", "ftp://a", "http://", "http://a:0/", "http://a:70000"])
    func `anything else is not a health check URL`(text: String) {
        #expect(HealthURL(text) == nil)
    }
}
