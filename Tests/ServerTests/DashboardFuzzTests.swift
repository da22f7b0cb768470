import Foundation
import Handlers
import Logging
import Postgres
import TestSupport
import Testing

@testable import Server

/// The dashboard after every ingest operation has received values at the limits of their types: no page fails, and none contains a text as
/// markup.
///
/// `FUZZ_ROUNDS` is the number of requests, `FUZZ_SEED` selects them, `FUZZ_TASKS` is the number of concurrent ones. For a long run, build
/// the server with optimization, start it with the admin token `test-token` and `RESPONSE_VALIDATION=always`, and set its ports:
///
///     FUZZ_PORTS=8000,3000 FUZZ_ROUNDS=500000 FUZZ_TASKS=16 swift test --disable-xctest --filter DashboardFuzzTests
@Suite struct DashboardFuzzTests {
    private static func setting(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    @Test func `no page fails, and none contains a hostile text as markup`() async throws {
        let seed = Self.setting("FUZZ_SEED").map { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
        print("DashboardFuzzTests: FUZZ_SEED=\(seed)")
        let ports =
            ProcessInfo.processInfo.environment["FUZZ_PORTS"]?.split(separator: ",").compactMap { Int($0) } ?? []
        if ports.count == 2 {
            let server = RunningServer(api: RawHTTP(port: ports[0]), web: RawHTTP(port: ports[1]))
            return try await attack(server, seed)
        }
        try await TestDatabase.empty { url in
            try await RunningServer.with(databaseURL: url) { server in
                try await server.waitUntilReady()
                try await attack(server, seed)
            }
            try await maintain(url)
        }
    }

    /// The server's periodic jobs must succeed with the same values.
    private func maintain(_ url: String) async throws {
        var logger = Logger(label: "tests")
        logger.logLevel = .critical
        let database = Database(.init(url: url, connections: 4, deadline: .seconds(30)), logger: logger)
        defer { database.close() }
        let schema = SchemaState()
        schema.confirm(version: Migration.all.count)
        let api = API(database: database, schema: schema, logger: logger)
        for _ in 1...2 {
            try await api.runScheduledChecks()
            try await api.maintain()
        }
    }

    private func attack(_ server: RunningServer, _ seed: UInt64) async throws {
        let browser = try await Browser(server)
        let operations = try await FuzzOperation.all(of: server)
        let (rounds, tasks) = (Self.setting("FUZZ_ROUNDS") ?? 1_200, Self.setting("FUZZ_TASKS") ?? 4)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    var attacker = Attacker(server, browser, operations, seed: seed &+ UInt64(task) &* 0x1_0000_0001)
                    for _ in 0..<100 { try await attacker.report() }
                    try await attacker.lookAtEverything()
                    for _ in 0..<rounds / tasks { try await attacker.attack() }
                }
            }
            try await group.waitForAll()
        }
    }
}

/// Sends hostile requests and checks the responses.
private struct Attacker {
    private let server: RunningServer
    private let browser: Browser
    private let operations: [FuzzOperation]
    private var values: HostileValues
    /// Ids that the server has issued.
    private var ids = ["0b9f6c1e-2a54-4d55-9f0e-6b6f3f2f6d11"]

    init(_ server: RunningServer, _ browser: Browser, _ operations: [FuzzOperation], seed: UInt64) {
        self.server = server
        self.browser = browser
        self.operations = operations
        values = HostileValues(seed: seed)
    }

    mutating func attack() async throws {
        switch Int.random(in: 0..<10, using: &values) {
        case 0: try await report()
        case 1: try await send()
        case 2, 3: try await ask()
        default: try await look(at: page())
        }
    }

    private func check(_ response: RawHTTP.Response, _ request: String) {
        #expect(response.status < 500, "\(request): \(response.status) \(response.body.prefix(2_000))")
        guard response.headers["content-type"]?.hasPrefix("text/html") == true else { return }
        let bytes = response.body.utf8
        // Each hostile text, if it is not escaped, opens a tag or an attribute.
        for mark in ["<hostile", "<\u{301}hostile", "\"\u{301} hostile", "'\u{20E3} hostile", "\u{600}\"\u{600}>"] {
            #expect(!bytes.contains(mark.utf8), "\(request) repeats \(mark)")
        }
    }

    // MARK: - What is reported

    /// Sends a report or creates an object, as agents and operators do.
    mutating func report() async throws {
        let (path, body) = body()
        let text = values.happens(oneIn: 8) ? "[\(body),\(body)]" : body
        let answer = try await server.post(path, text, token: RunningServer.token)
        check(answer, "POST \(path) \(text.prefix(2_000))")
        if answer.status < 300, values.happens(oneIn: 4) {
            for name in ["command_id", "module_id", "run_id", "reconcile_id"] {
                if let id = try? answer.json()[name] as? String { ids.append(id) }
            }
            if ids.count > 200 { ids.removeFirst(100) }
        }
    }

    private mutating func body() -> (path: String, body: String) {
        func json(_ members: [(String, String)]) -> String {
            "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
        }
        let text = HostileValues.json(values.text())
        let instance = values.happens(oneIn: 2) ? "\"i1\"" : HostileValues.json(values.text())
        let (number, other, time) = (values.number(), values.number(), "\"\(values.time())\"")
        let mode = values.choice([#""LIVE""#, #""PAPER""#])
        let mine = [("instance_id", instance), ("symbol", text)]
        switch Int.random(in: 0..<18, using: &values) {
        case 0, 1, 2:
            let long = HostileValues.json(values.longText())
            return (
                "/ingest/heartbeat",
                json([
                    ("instance_id", instance), ("bot_id", text), ("runtime_mode", mode), ("exchange", text),
                    ("symbol", text),
                    ("version", text), ("timestamp", time), ("metadata", "{\(long):\(long),\"n\":\(number)}"),
                    ("software", text), ("strategy_name", text), ("strategy_version", text), ("symbols", "[\(text)]"),
                    ("accounts", "[{\"venue\":\(text),\"account_id\":\(text)}]"),
                ])
            )
        case 3, 4:
            let type = values.choice([#""equity""#, #""realized_pnl""#, #""unrealized_pnl""#, text])
            return ("/ingest/metrics", json(mine + [("metric_type", type), ("value", number), ("timestamp", time)]))
        case 5:
            let exposure = [("net_exposure", number), ("gross_exposure", other), ("updated_at", time)]
            return ("/ingest/positions", json(mine + exposure))
        case 6:
            let cost = [
                ("cost_type", values.choice([#""FEE""#, #""FUNDING""#])), ("amount", number), ("fx_rate", other),
                ("currency", text),
                ("timestamp", time),
            ]
            return ("/ingest/costs", json(mine + cost))
        case 7:
            let sample = [
                ("slippage_bps", number), ("latency_ms", other), ("fill_ratio", values.choice(["0", "1", number])),
            ]
            return ("/ingest/execution-quality", json(mine + sample + [("timestamp", time)]))
        case 8:
            return (
                "/ingest/indices",
                json([("instance_id", instance), ("index_name", text), ("value", number), ("timestamp", time)])
            )
        case 9:
            return (
                "/ingest/resources",
                json([("instance_id", instance), ("cpu_pct", number), ("memory_pct", other), ("timestamp", time)])
            )
        case 10:
            let equities = [("exchange_equity", number), ("internal_equity", other), ("difference", values.number())]
            return (
                "/reconcile",
                json([("instance_id", instance)] + equities + [("status", #""MISMATCH""#), ("timestamp", time)])
            )
        case 11:
            let config = "{\(HostileValues.json(values.longText())):\(number)}"
            let cron = values.choice([
                #""* * * * *""#, #""1/9223372036854775807 * * * *""#, #""*/9223372036854775807 0 29 2 *""#, text,
            ])
            return (
                "/modules",
                json([
                    ("module_id", "\"\(UUID().uuidString)\""), ("name", text), ("description", text),
                    ("enabled", "true"),
                    ("execution_mode", values.choice([#""MANUAL""#, #""SCHEDULED""#, #""HYBRID""#])),
                    ("schedule_cron", cron),
                    ("config", config), ("created_at", time), ("updated_at", time),
                ])
            )
        case 12, 13:
            let isOpen = values.happens(oneIn: 2)
            let state =
                isOpen
                ? [
                    ("status", #""OPEN""#), ("quantity", number), ("current_price", other),
                    ("unrealized_profit", number),
                ]
                : [("status", #""CLOSED""#), ("quantity", "0"), ("closed_at", time), ("exit_reason", text)]
            let trade = [
                ("trade_id", text), ("side", values.choice([#""LONG""#, #""SHORT""#])), ("entry_quantity", number),
                ("entry_price", other), ("exit_price", other), ("profit", number), ("fees", other),
                ("leverage", values.choice(["1", other])), ("currency", values.choice([#""USDT""#, text])),
                ("strategy_name", text), ("strategy_version", text), ("entry_tag", text), ("opened_at", time),
                ("updated_at", time),
            ]
            return ("/ingest/trades", json(mine + state + trade))
        case 14:
            let order = [
                ("order_id", text), ("trade_id", text), ("side", #""BUY""#), ("order_type", text),
                ("status", values.choice([#""OPEN""#, #""FILLED""#, #""REJECTED""#])), ("quantity", number),
                ("filled_quantity", other), ("price", other), ("tag", text), ("created_at", time), ("updated_at", time),
            ]
            return ("/ingest/orders", json(mine + order))
        case 15:
            let balance = json([("currency", text), ("total", number), ("free", other)])
            return (
                "/ingest/balances",
                json([
                    ("instance_id", instance), ("venue", text), ("account_id", text), ("balances", "[\(balance)]"),
                    ("timestamp", time),
                ])
            )
        case 16:
            let line = [
                ("line_id", text), ("level", values.choice([#""WARNING""#, #""ERROR""#])), ("logger", text),
                ("message", HostileValues.json(String(values.longText().prefix(2_000)))), ("timestamp", time),
            ]
            return ("/ingest/log", json([("instance_id", instance)] + line))
        default:
            return (
                "/commands",
                json([
                    ("command_id", "\"\(UUID().uuidString)\""), ("instance_id", instance),
                    ("command_type", values.choice([#""STOP""#, #""FLATTEN""#, #""SYNC_BALANCE""#])),
                    values.happens(oneIn: 2)
                        ? ("ttl_seconds", values.choice(["60", "31536000", number])) : ("expires_at", time),
                    ("reason", HostileValues.json(values.longText())), ("payload", "{\(text):\(number)}"),
                ])
            )
        }
    }

    // MARK: - The API

    /// Calls a read-only operation with hostile parameters.
    private mutating func ask() async throws {
        let operation = values.choice(operations.filter { $0.method == "GET" && !$0.path.contains("stream") })
        var (path, query): (String, [String]) = (operation.path, [])
        for (name, place) in operation.parameters {
            let value = name == "wait" ? "0s" : value(of: name)
            if place == "path" { path = path.replacing("{\(name)}", with: value.isEmpty ? "x" : value) }
            if place == "query", name == "wait" || values.happens(oneIn: 3) { query.append("\(name)=\(value)") }
        }
        let target = query.isEmpty ? path : "\(path)?\(query.joined(separator: "&"))"
        guard target.utf8.count < 8_000 else { return }
        check(try await server.get(target), "GET \(target)")
        if values.happens(oneIn: 10) { check(try await browser.get("/api" + target), "GET /api\(target)") }
    }

    /// An encoded parameter value.
    private mutating func value(of name: String) -> String {
        switch Int.random(in: 0..<8, using: &values) {
        case 0: return HostileValues.encoded(values.text())
        case 1: return values.choice(["%", "%0", "%00", "%ff", "%F0%9F", "a%2Fb", ";", "%3B", "a=b"])
        case 2: return HostileValues.encoded(values.integer())
        default: break
        }
        switch name {
        case "mode", "runtime_mode": return values.choice(["LIVE", "PAPER", "ALL", "live"])
        case "status": return values.choice(["OPEN", "PENDING", "LOST", "RUNNING", "MISMATCH", "DEAD", "FAILED"])
        case "tab":
            return values.choice([
                "overview", "trades", "orders", "balances", "log", "commands", "alerts", "metrics", "execution",
                "costs", "reconciliation", "config", "audit",
                "pnl", "equity",
                "runs", "resources", "tokens", "notifications", "about",
            ])
        case "range": return values.choice(["1h", "24h", "7d", "30d", "90d"])
        case "group", "group_by":
            return values.choice(["DAY", "SYMBOL", "STRATEGY", "BOT", "INSTANCE", "ACCOUNT", "EXIT_REASON"])
        case "level": return values.choice(["WARNING", "ERROR", "CRITICAL"])
        case "sort":
            return values.choice(["worst", "bot", "silent", "recent", "profit", "-profit", "name", "open", "-factor"])
        case "type", "command_type":
            return values.choice([
                "START", "STOP", "RESTART", "SAFE_MODE", "FLATTEN", "CANCEL_ALL", "SET_MODE", "SYNC_BALANCE",
            ])
        case "metric_type":
            return values.choice(["equity", "realized_pnl", "equity,unrealized_pnl,%3Chostile%3E", "index"])
        case "severity": return values.choice(["INFO", "WARNING", "CRITICAL", "AUDIT"])
        case "instance", "instance_id", "target_id", "bot_id", "q":
            return values.happens(oneIn: 2) ? "i1" : HostileValues.encoded(values.text())
        case "from", "to": return HostileValues.encoded(values.time())
        case let name where name.hasSuffix("_id") || name == "id": return values.choice(ids)
        default: return HostileValues.encoded(values.integer())
        }
    }

    // MARK: - The dashboard

    /// The pages, and the query parameters of each.
    private static let pages: [(path: String, parameters: [String])] = [
        ("/", []), ("/dashboard", ["range", "done"]),
        (
            "/bots",
            [
                "q", "bot_id", "runtime_mode", "status", "exchange", "symbol", "sort", "order", "page", "page_size",
                "columns", "view", "arrange", "<hostile>",
            ]
        ),
        ("/bots/{}", ["tab", "page", "range"]),
        ("/bots/{}/i1", ["tab", "page", "range", "metric_type", "symbol", "level", "status"]),
        (
            "/trades",
            [
                "mode", "bot_id", "instance_id", "symbol", "status", "range", "group", "sort", "page", "open_page",
                "group_page",
            ]
        ),
        ("/bots/{}/{}", ["tab", "page"]),
        ("/commands", ["status", "command_type", "instance_id", "created_by", "bulk_id", "page"]),
        (
            "/commands/new",
            ["type", "instance", "all", "mode", "kill", "q", "runtime_mode", "exchange", "symbol", "status", "reason"]
        ),
        ("/commands/{}", []), ("/command-bulks/{}", ["page"]), ("/approvals", ["page"]),
        ("/alerts", ["status", "severity", "page"]),
        ("/alerts/{}", ["done"]),
        ("/portfolio", ["mode", "currency", "exchange", "bot_id", "symbol", "group", "page", "group_page"]),
        ("/analytics", ["tab", "mode", "symbol", "currency", "page", "range", "instance_id"]),
        ("/analytics?tab=execution", ["symbol", "exchange", "bot_id", "mode", "group", "range", "page"]),
        ("/analytics?tab=equity", ["symbol", "mode", "range"]),
        ("/analytics?tab=days", ["mode", "currency", "range", "day"]),
        ("/reconciliation", ["status", "mode", "exchange", "bot_id", "instance_id", "range", "page", "current_page"]),
        ("/admin/modules", ["page", "status"]),
        ("/admin/modules/{}", []),
        ("/module-runs/{}", []),
        ("/audit", ["actor", "action", "target_type", "target_id", "result", "from", "to", "page"]), ("/markets", []),
        ("/datasets", []), ("/settings", ["tab", "page"]), ("/system", []), ("/killswitch", []), ("/reference", []),
        ("/login", ["next"]), ("/api/instances.csv", ["limit", "q", "status"]),
        ("/api/audit/logs.csv", ["limit", "actor", "from"]),
        ("/api/analytics/costs.csv", ["limit", "symbol"]), ("/api/trades.csv", ["limit", "symbol", "status", "mode"]),
        ("/api/analytics/execution-samples.csv", ["limit", "symbol"]),
    ]

    /// A page with hostile parameters.
    private mutating func page() -> String {
        let (template, parameters) = values.choice(Self.pages)
        var path = template
        while let place = path.firstRange(of: "{}") {
            path.replaceSubrange(place, with: values.happens(oneIn: 2) ? values.choice(ids) : value(of: "instance_id"))
        }
        var query: [String] = []
        for name in parameters where !values.happens(oneIn: 3) {
            query.append("\(HostileValues.encoded(name))=\(value(of: name))")
        }
        if query.isEmpty { return path }
        return path + (path.contains("?") ? "&" : "?") + query.joined(separator: "&")
    }

    /// Requests each page without parameters, and the tabs of an instance.
    mutating func lookAtEverything() async throws {
        for (path, _) in Self.pages { try await look(at: path.replacing("{}", with: "i1")) }
        let instances = try await server.get("/instances?page_size=200").json()["items"] as? [[String: Any]] ?? []
        for instance in instances.prefix(12) {
            let names = ["bot_id", "instance_id"].map { HostileValues.encoded(instance[$0] as? String ?? "") }
            for tab in [
                "overview", "trades", "trades&view=orders", "trades&view=executions", "trades&view=costs", "metrics",
                "configuration", "history", "history&view=alerts", "history&view=audit", "history&view=log",
            ] {
                try await look(at: "/bots/\(names[0])/\(names[1])?tab=\(tab)")
            }
        }
        for (list, key) in [
            ("alerts", "alert_id"), ("commands", "command_id"), ("modules", "module_id"), ("modules/runs", "run_id"),
        ] {
            let items = try await server.get("/\(list)?page_size=50").json()["items"] as? [[String: Any]] ?? []
            ids += items.compactMap { $0[key] as? String }
        }
    }

    private func look(at path: String) async throws {
        guard path.utf8.count < 8_000 else { return }
        check(try await browser.get(path), "GET \(path)")
    }

    /// Sends a form with hostile fields.
    private mutating func send() async throws {
        let id = values.choice(ids)
        let (path, names): (String, [String]) = values.choice([
            (
                "/commands",
                [
                    "type", "instance", "all", "mode", "kill", "ttl", "reason", "phrase", "preview", "key", "q",
                    "exchange",
                ]
            ),
            ("/commands/\(id)/decide", ["token", "decision", "reason"]), ("/commands/\(id)/cancel", []),
            ("/alerts", ["alert", "alert"]), ("/alerts/\(id)/ack", []), ("/alerts/\(id)/resolve", []),
            ("/alerts/\(id)/silence", ["seconds", "reason"]),
            (
                "/admin/modules",
                ["module_id", "name", "description", "enabled", "execution_mode", "schedule_cron", "config"]
            ),
            ("/admin/modules/\(id)/run", []), ("/module-runs/check", []), ("/module-runs/\(id)/cancel", []),
            ("/notifications/test", ["severity"]), ("/notifications/\(id)/replay", []), ("/tokens/\(id)/revoke", []),
            ("/sessions/\(id)/end", []),
            ("/preferences", ["theme", "zone", "keys", "back"]),
            ("/views", ["list", "name", "query", "is_default"]), ("/views/\(id)", ["list", "name", "query", "action"]),
            ("/tables/instances", ["column", "width", "shown", "up", "down", "query", "action"]),
        ])
        let fields = names.map { name -> String in
            switch name {
            case "list": "list=bots"
            case "column": "column=\(values.choice(["equity", "bot", "nothing"]))"
            case "preview", "ttl", "seconds", "width": "\(name)=\(HostileValues.encoded(values.integer()))"
            case "config":
                "\(name)=\(HostileValues.encoded("{\(HostileValues.json(values.longText())):\(values.number())}"))"
            case "reason", "description": "\(name)=\(HostileValues.encoded(values.longText()))"
            default: "\(name)=\(value(of: name))"
            }
        }
        let form = fields.joined(separator: "&")
        check(try await browser.post(path, form), "POST \(path) \(form.prefix(2_000))")
    }
}
