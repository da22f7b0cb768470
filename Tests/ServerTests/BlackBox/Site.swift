import Foundation
import TestSupport
import Testing

/// The real binary, as one or several processes on one database, tested from outside.
struct Site {
    let servers: [RawHTTP]
    let databaseURL: String
    static let token = "site-token"

    /// Runs `body` with a site over a new database.
    static func with(
        _ count: Int,
        settings: [String: String] = [:],
        _ body: @Sendable (Site) async throws -> Void
    ) async throws {
        try await TestDatabase.migrated { url in try await with(count, at: url, settings: settings, body) }
    }

    /// Runs `body` with a site over the migrated database at `url`.
    static func with<R: Sendable>(
        _ count: Int,
        at url: String,
        settings: [String: String] = [:],
        _ body: @Sendable (Site) async throws -> R
    ) async throws -> R {
        var processes: [ServerProcess] = []
        var servers: [RawHTTP] = []
        for _ in 0..<count {
            let process = try ServerProcess(environment: environment(url, settings))
            processes.append(process)
            let address = await process.line(after: "API  http://127.0.0.1:")
            servers.append(RawHTTP(port: try #require(Int(address)), isRecorded: true))
        }
        let site = Site(servers: servers, databaseURL: url)
        let result: Result<R, any Error>
        do {
            for server in servers {
                while try await server.send("GET", "/readyz").status != 200 {
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            result = .success(try await body(site))
        } catch {
            result = .failure(error)
        }
        for process in processes { process.process.terminate() }
        for process in processes {
            let (status, errors) = await process.end()
            #expect(status == 0, "\(errors)")
        }
        return try result.get()
    }

    static func environment(_ url: String, _ settings: [String: String]) -> [String: String] {
        [
            "DATABASE_URL": url, "ADMIN_TOKEN": token, "API_ADDRESS": "127.0.0.1:0", "WEB_ADDRESS": "off",
            "RESPONSE_VALIDATION": "always", "CHECK_INTERVAL_SECONDS": "0", "LOG_LEVEL": "error",
            "DATABASE_CONNECTIONS": "3",
        ].merging(settings) { _, new in new }
    }

    /// Any of the servers.
    var any: RawHTTP { servers.randomElement() ?? servers[0] }

    /// Sends an operator's request to any of the servers.
    func ask(_ method: String, _ path: String, _ body: String? = nil, token: String? = Site.token) async throws
        -> RawHTTP.Response
    {
        try await send(method, path, body, headers: token.map { ["X-Admin-Token": $0] } ?? [:])
    }

    /// Sends an agent's request to any of the servers.
    func send(_ method: String, _ path: String, _ body: String? = nil, headers: [String: String] = [:]) async throws
        -> RawHTTP.Response
    {
        let type = body == nil ? [:] : ["Content-Type": "application/json"]
        return try await any.send(method, path, headers: type.merging(headers) { _, new in new }, body: body)
    }

    func list(_ path: String) async throws -> [[String: Any]] {
        try #require(try await ask("GET", path).json()["items"] as? [[String: Any]], "\(path)")
    }

    @discardableResult
    func beat(
        _ instance: String = "i1",
        bot: String = "b1",
        ago seconds: Double = 0,
        version: String = "1.0",
        mode: String = "LIVE"
    ) async throws -> RawHTTP.Response {
        let body = """
            {"instance_id":"\(instance)","bot_id":"\(bot)","runtime_mode":"\(mode)","exchange":"binance","symbol":"BTCUSDT",\
            "version":"\(version)","timestamp":"\(Site.time(-seconds))"}
            """
        return try await send("POST", "/ingest/heartbeat", body)
    }

    /// The time in the given number of seconds, as RFC 3339.
    static func time(_ seconds: Double) -> String {
        Date(timeIntervalSinceNow: seconds).formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted)
        )
    }

    func command(_ type: String = "SAFE_MODE", to instance: String = "i1", ttl: Double = 60, id: UUID = UUID())
        async throws
        -> (id: String, response: RawHTTP.Response)
    {
        let id = id.uuidString.lowercased()
        let body = """
            {"command_id":"\(id)","instance_id":"\(instance)","command_type":"\(type)","issued_at":"\(Site.time(-1))",\
            "expires_at":"\(Site.time(ttl))","payload":{}}
            """
        return (id, try await ask("POST", "/commands", body))
    }

    func acknowledge(_ id: String, _ status: String, by instance: String = "i1") async throws -> RawHTTP.Response {
        let body = """
            {"command_id":"\(id)","instance_id":"\(instance)","status":"\(status)","reason":null,"timestamp":"\(Site.time(0))"}
            """
        return try await send("POST", "/commands/\(id)/ack", body)
    }

    func metric(_ instance: String, _ symbol: String, _ type: String, _ value: String, ago: Double = 0) async throws
        -> Int
    {
        let body = """
            {"instance_id":"\(instance)","symbol":"\(symbol)","metric_type":"\(type)","value":\(value),\
            "timestamp":"\(Site.time(-ago))"}
            """
        return try await send("POST", "/ingest/metrics", body).status
    }

    func cost(_ instance: String, _ symbol: String, _ type: String, _ amount: String) async throws -> Int {
        let body = """
            {"instance_id":"\(instance)","symbol":"\(symbol)","cost_type":"\(type)","amount":\(amount),"timestamp":"\(Site.time(0))"}
            """
        return try await send("POST", "/ingest/costs", body).status
    }

    /// Sends the same request concurrently to all servers the given number of times, and counts the statuses.
    func storm(_ count: Int, _ request: @escaping @Sendable () async throws -> Int) async throws -> [Int: Int] {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<count { group.addTask { try await request() } }
            return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
    }

    /// Reads a path in pages of three: the values of `id`, in order, and the reported total.
    func walk(_ path: String, _ id: String) async throws -> (ids: [String], total: Int) {
        var ids: [String] = []
        var total = 0
        for page in 1...100 {
            let json = try await ask("GET", "\(path)\(path.contains("?") ? "&" : "?")page=\(page)&page_size=3").json()
            total = json["total"] as? Int ?? -1
            let items = json["items"] as? [[String: Any]] ?? []
            ids += items.map { "\($0[id] ?? "")" }
            if items.isEmpty { break }
        }
        return (ids, total)
    }
}
