import ContractRuntime
import Foundation
import Generated
import Logging
import Synchronization
import Testing

@testable import AgentKit

/// The cases of `sdk/conformance`, which the SDK in Python passes too. Its README says what their members mean.
@Suite struct ConformanceTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "sdk/conformance")

    struct Case: Sendable, CustomTestStringConvertible {
        let json: JSONValue
        var testDescription: String { json["name"]?.text ?? "?" }
    }

    static func cases(_ file: String) -> [Case] {
        guard let data = try? Data(contentsOf: folder.appending(path: file)),
            case .array(let cases)? = try? JSONValue(json: [UInt8](data))
        else { return [] }
        return cases.map { Case(json: $0) }
    }

    @Test func `there are cases`() {
        #expect(Self.cases("commands.json").count >= 16)
        #expect(Self.cases("dead-man.json").count >= 15)
        #expect(Self.cases("reports.json").count >= 3)
        #expect(Self.cases("configuration.json").count >= 7)
    }

    @Test(arguments: cases("commands.json") + cases("dead-man.json") + cases("reports.json"))
    func `the agent does what the case says`(_ example: Case) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "agent-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let stage = Stage(example.json, folder: folder)
        for step in example.json["steps"]?.items ?? [] { try await stage.play(step) }
    }

    @Test(arguments: cases("configuration.json"))
    func `the environment means what the case says`(_ example: Case) throws {
        var environment: [String: String] = [:]
        for member in example.json["environment"]?.members ?? [] { environment[member.name] = member.value.text }
        do throws(AgentConfigurationError) {
            let read = try AgentConfiguration(environment: environment)
            var pullURL: JSONValue = .null
            var commandFile: JSONValue = .null
            switch read.commandSource {
            case .pull(let url): pullURL = .string(url)
            case .file(let path): commandFile = .string(path)
            }
            let members: [(String, JSONValue)] = [
                ("instance_id", .string(read.instanceID)), ("bot_id", .string(read.botID)),
                ("exchange", .string(read.exchange)),
                ("symbol", .string(read.symbol)), ("version", .string(read.version)),
                ("runtime_mode", .string(read.runtimeMode.rawValue)),
                ("control_plane_url", read.controlPlaneURL.map { .string($0) } ?? .null), ("pull_url", pullURL),
                ("command_file", commandFile), ("heartbeat_interval_seconds", seconds(read.heartbeatInterval)),
                ("deadman_timeout_seconds", seconds(read.deadManTimeout)),
                ("deadman_action", .string(read.deadManAction.rawValue)),
                ("deadman_resume_seconds", read.deadManResume.map(seconds) ?? .null),
            ]
            #expect(JSONValue.object(members.map { JSONMember(name: $0.0, value: $0.1) }) == example.json["expect"])
        } catch {
            #expect(error.description == example.json["error"]?.text)
        }
    }

    private func seconds(_ duration: Duration) -> JSONValue {
        JSONNumber("\(duration / .seconds(1))").map { .number($0) } ?? .null
    }
}

/// The world of one case: clocks, a control plane, the bot, and the process that runs now.
private final class Stage: Sendable {
    private struct World {
        var now = 0.0
        var wallClock = 0.0
        var hasDates = true
        var calls = "answered"
        var acknowledgementFate = "stored"
        var claim: String?
        var refuses: [String: String] = [:]
        var deliveries: [JSONValue] = []
        /// What happened since the step before.
        var effects: [String] = []
        var acknowledgements: [JSONValue] = []
        var reports: [(path: String, elements: [JSONValue])] = []
        var hasDied = false
    }

    private static let start = Timestamp(microsecondsSinceEpoch: 1_767_225_600_000_000)
    private let world = Mutex(World())
    private let example: JSONValue
    private let folder: String
    private let agent: Mutex<Agent?> = Mutex(nil)

    init(_ example: JSONValue, folder: String) {
        self.example = example
        self.folder = folder
    }

    private var commandFile: String { folder + "/commands.json" }

    // MARK: - The process

    private func begin() async throws -> Agent {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        logger.handler = SwiftLogNoOpLogHandler()
        let clock = AgentClock(
            wall: { self.time(self.world.withLock { $0.now + $0.wallClock }) },
            elapsed: { .seconds(self.world.withLock(\.now)) },
            chance: { 0.5 }
        )
        let agent = try Agent(configuration, transport: ScriptedTransport(stage: self), clock: clock, logger: logger)
        for member in example["handlers"]?.members ?? [] {
            guard let type = CommandType(rawValue: member.name) else { continue }
            agent.on(type) { _ in try await self.handle(member) }
        }
        try await agent.start()
        self.agent.withLock { $0 = agent }
        return agent
    }

    private var configuration: AgentConfiguration {
        var configuration = AgentConfiguration(
            instanceID: "bot-1",
            botID: "bot",
            exchange: "binance",
            symbol: "BTCUSDT",
            controlPlaneURL: "http://control-plane"
        )
        configuration.dataDirectory = folder
        let given = example["configuration"]
        if case .boolean(false)? = given?["control_plane"] { configuration.controlPlaneURL = nil }
        if case .boolean(true)? = given?["command_file"] { configuration.commandSource = .file(commandFile) }
        if let seconds = given?["heartbeat_interval_seconds"]?.double {
            configuration.heartbeatInterval = .seconds(seconds)
        }
        if let seconds = given?["deadman_timeout_seconds"]?.double { configuration.deadManTimeout = .seconds(seconds) }
        if let seconds = given?["deadman_resume_seconds"]?.double { configuration.deadManResume = .seconds(seconds) }
        if let seconds = given?["command_timeout_seconds"]?.double {
            configuration.commandTimeLimit = .seconds(seconds)
        }
        if given?["deadman_action"]?.text == "FLATTEN" { configuration.deadManAction = .flatten }
        return configuration
    }

    private func handle(_ handler: JSONMember) async throws -> JSONObject? {
        let evidence = handler.value["evidence"].map { JSONObject("\($0)") } ?? nil
        world.withLock { $0.effects.append(handler.name) }
        if handler.value["dies"] != nil {
            world.withLock { $0.hasDied = true }
            try await Task.sleep(for: .seconds(3600))
        }
        // It ignores that it is canceled. A loop that sleeps would keep a core busy from then on.
        if handler.value["hangs"] != nil { await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } }
        if let reason = handler.value["fails"]?.text {
            // One with evidence is the bot's own failure; one without is whatever error its code throws.
            if let evidence { throw CommandFailure(reason, evidence: evidence) }
            throw Unforeseen(reason: reason)
        }
        return evidence
    }

    private struct Unforeseen: Error {
        let reason: String
    }

    /// Does what is to be done, unless the process dies of it.
    private func unlessDead(_ work: @escaping @Sendable () async throws -> Void) async throws {
        let task = Task { try await work() }
        let watcher = Task {
            while !world.withLock(\.hasDied) { try await Task.sleep(for: .milliseconds(1)) }
            task.cancel()
        }
        _ = await task.result
        watcher.cancel()
    }

    // MARK: - A step

    func play(_ step: JSONValue) async throws {
        if agent.withLock({ $0 == nil }) { _ = try await begin() }
        change(step)
        if step["restart"] != nil {
            agent.withLock { $0 = nil }
            world.withLock { $0.hasDied = false }
        }
        let running = agent.withLock { $0 }
        let agent = if let running { running } else { try await begin() }
        if step["tick"] == nil, await agent.tick() { try await unlessDead { try await agent.act() } }
        if step["heartbeat"] != nil { try? await agent.beat() }
        for report in step["report"]?.items ?? [] { try keep(report, agent.telemetry) }
        let commands = try await deliver(step, to: agent)
        try? await agent.sendAcknowledgements()
        for command in commands where !world.withLock(\.hasDied) {
            try await unlessDead { try await agent.carryOut(command) }
            if !world.withLock(\.hasDied) { try? await agent.sendAcknowledgements() }
        }
        try? await agent.sendReports()
        try compare(step, agent)
    }

    private func change(_ step: JSONValue) {
        world.withLock { world in
            world.now = step["at"]?.double ?? world.now
            world.wallClock = step["wall_clock"]?.double ?? world.wallClock
            if case .boolean(let hasDates)? = step["dates"] { world.hasDates = hasDates }
            world.calls = step["calls"]?.text ?? world.calls
            world.acknowledgementFate = step["acknowledgements"]?.text ?? world.acknowledgementFate
            world.claim = step["claim"]?.text ?? world.claim
            if let refuses = step["refuses"]?.members {
                world.refuses = [:]
                for member in refuses { world.refuses[member.name] = member.value.text }
            }
            world.deliveries = (step["deliver"]?.items ?? []).map(command)
            world.effects = []
            world.acknowledgements = []
            world.reports = []
        }
    }

    private func deliver(_ step: JSONValue, to agent: Agent) async throws -> [AgentCommand] {
        if let commands = step["file"]?.items {
            try Data("\(JSONValue.array(commands.map(command)))".utf8).write(to: URL(fileURLWithPath: commandFile))
            return try agent.look()
        }
        guard step["deliver"] != nil else { return [] }
        return (try? await agent.poll(waiting: 0)) ?? []
    }

    private func keep(_ report: JSONValue, _ telemetry: Telemetry) throws {
        func decimal(_ name: String) throws -> ContractRuntime.Decimal {
            try #require(report[name]?.text.flatMap { ContractRuntime.Decimal($0) })
        }
        let symbol = report["symbol"]?.text
        switch report["kind"]?.text {
        case "metric":
            try telemetry.metric(report["type"]?.text ?? "", try decimal("value"), symbol: symbol)
        case "position":
            try telemetry.position(net: try decimal("net"), gross: try decimal("gross"), symbol: symbol)
        case "cost":
            try telemetry.cost(
                try #require(report["type"]?.text.flatMap(CostType.init)),
                try decimal("amount"),
                entryID: report["entry_id"]?.text,
                symbol: symbol,
                currency: report["currency"]?.text,
                fxRate: report["fx_rate"] == nil ? nil : try decimal("fx_rate")
            )
        default:
            try telemetry.execution(
                slippageBps: try decimal("slippage_bps"),
                latencyMs: try decimal("latency_ms"),
                fillRatio: try decimal("fill_ratio"),
                sampleID: report["sample_id"]?.text,
                symbol: symbol
            )
        }
    }

    private func time(_ seconds: Double) -> Timestamp {
        Timestamp(
            microsecondsSinceEpoch: Self.start.microsecondsSinceEpoch
                + Int64(saturating: (seconds * 1_000_000).rounded())
        )
    }

    /// A command in the contract's form.
    private func command(_ short: JSONValue) -> JSONValue {
        let raw = short["raw"]
        if let raw, short["id"] == nil { return raw }
        var members: [(String, JSONValue)] = [
            ("command_id", .string(id(short))), ("instance_id", short["instance_id"] ?? .string("bot-1")),
            ("command_type", short["type"] ?? .null), ("issued_at", .string("\(time(-1))")),
            ("expires_at", .string("\(time(short["expires_at"]?.double ?? 600))")),
            ("payload", short["payload"] ?? .object([])), ("status", .string("PENDING")),
        ]
        for member in raw?.members ?? [] {
            members.removeAll { $0.0 == member.name }
            members.append((member.name, member.value))
        }
        return .object(members.map { JSONMember(name: $0.0, value: $0.1) })
    }

    private func id(_ short: JSONValue) -> String {
        "00000000-0000-4000-8000-00000000000\(Int(saturating: short["id"]?.double ?? 0))"
    }

    // MARK: - What happened

    private func compare(_ step: JSONValue, _ agent: Agent) throws {
        guard let expected = step["expect"] else { return }
        let happened = world.withLock { $0 }
        let place: Comment = "at \(step["at"]?.description ?? "?")"
        #expect(happened.effects == (expected["effects"]?.items ?? []).compactMap(\.text), place)
        compare(happened.acknowledgements, expected["acknowledgements"], place)
        let lines = (try? String(contentsOfFile: commandFile + ".acks", encoding: .utf8)) ?? ""
        try? FileManager.default.removeItem(atPath: commandFile + ".acks")
        compare(
            lines.split(separator: "\n").compactMap { JSONValue(String($0)) },
            expected["file_acknowledgements"],
            place
        )
        if let reports = expected["reports"]?.items {
            #expect(happened.reports.map(\.path) == reports.compactMap { $0["path"]?.text }, place)
            for (report, wanted) in zip(happened.reports, reports) {
                let elements = wanted["elements"]?.items ?? []
                #expect(report.elements.map(plain) == elements.map(element), place)
            }
        }
        if let state = expected["state"]?.text { #expect(agent.state.rawValue == state, place) }
        if case .boolean(let mayOrder)? = expected["orders"] {
            #expect(((try? agent.permitOrders()) != nil) == mayOrder, place)
        }
    }

    private func compare(_ happened: [JSONValue], _ expected: JSONValue?, _ place: Comment) {
        let expected = expected?.items ?? []
        let text = happened.map { "\($0["command_id"]?.text?.last ?? "?") \($0["status"]?.text ?? "?")" }
        #expect(text == expected.map { "\(id($0).last ?? "?") \($0["status"]?.text ?? "?")" }, place)
        for (acknowledgement, wanted) in zip(happened, expected) {
            #expect(acknowledgement["instance_id"]?.text == "bot-1", place)
            if let reason = wanted["reason"]?.text {
                #expect(acknowledgement["reason"]?.text?.split(separator: ":").first.map(String.init) == reason, place)
            }
            if let evidence = wanted["evidence"] { #expect(acknowledgement["evidence"] == evidence, place) }
            if let at = wanted["at"]?.double { #expect(acknowledgement["timestamp"]?.text == "\(time(at))", place) }
        }
    }

    /// An element as the control plane got it: numbers as text, since amounts may be either.
    private func plain(_ element: JSONValue) -> [String: String] {
        var plain: [String: String] = [:]
        for member in element.members ?? [] where member.value != .null {
            let text = member.value.text ?? "\(member.value)"
            plain[member.name] = ContractRuntime.Decimal(text).map { "\($0)" } ?? text
        }
        return plain
    }

    private func element(_ wanted: JSONValue) -> [String: String] {
        var element = plain(wanted)
        let at = time(wanted["at"]?.double ?? 0)
        element["at"] = nil
        element[wanted["net_exposure"] == nil ? "timestamp" : "updated_at"] = "\(at)"
        element["instance_id"] = "bot-1"
        return element
    }

    // MARK: - The control plane

    private struct Unreachable: Error {}

    fileprivate func answer(_ request: ClientRequest) throws -> ClientResponse {
        let (content, _) = request.body.encoded(for: .request)
        var body = JSONValue.null
        if case .bytes(let bytes) = content, !bytes.isEmpty { body = try JSONValue(json: bytes) }
        if request.path.hasSuffix("/ack") { return try acknowledge(body) }
        let world = world.withLock { $0 }
        if world.calls == "unreachable" { throw Unreachable() }
        if world.calls == "failing" { return response(503, #"{"code":"DATABASE_UNAVAILABLE","detail":"not now"}"#) }
        if request.path == "/ingest/heartbeat" {
            switch world.calls {
            case "superseded": return response(409, #"{"code":"LEASE_LOST","detail":"another process"}"#)
            case "unregistered": return response(429, #"{"code":"TOO_MANY_REGISTRATIONS","detail":"later"}"#)
            default: return response(202, #"{"status":"accepted"}"#)
            }
        }
        if request.method == "GET" { return response(200, "\(JSONValue.array(world.deliveries))") }
        return try report(request.path, body)
    }

    private func report(_ path: String, _ body: JSONValue) throws -> ClientResponse {
        let elements = body.items ?? []
        let (refuses, calls, now) = world.withLock { world in
            world.reports.append((path, elements))
            return (world.refuses, world.calls, world.now)
        }
        if calls == "lost" { throw Unreachable() }
        let items = elements.enumerated().map { index, element in
            let code = (element["entry_id"] ?? element["sample_id"])?.text.flatMap { refuses[$0] }
            let refusal = code.map {
                #""status":"rejected","code":"\#($0)","detail":"no","server_time":"\#(time(now))""#
            }
            return refusal.map { #"{"index":\#(index),\#($0)}"# } ?? #"{"index":\#(index),"status":"accepted"}"#
        }
        return response(202, #"{"status":"accepted","items":[\#(items.joined(separator: ","))]}"#)
    }

    private func acknowledge(_ body: JSONValue) throws -> ClientResponse {
        let (fate, claim) = world.withLock { world in
            if world.acknowledgementFate != "unreachable" { world.acknowledgements.append(body) }
            return (world.acknowledgementFate, world.claim)
        }
        if fate == "unreachable" || fate == "lost" { throw Unreachable() }
        if fate == "refused" { return response(404, #"{"code":"COMMAND_NOT_FOUND","detail":"command not found"}"#) }
        if fate == "bulky", body["evidence"].map({ $0 != .null }) == true {
            return response(413, #"{"code":"EVIDENCE_TOO_LARGE","detail":"too many bytes"}"#)
        }
        let status = body["status"]?.text ?? ""
        let receipt: [(String, JSONValue)] =
            [
                ("ack_id", .string("00000000-0000-4000-8000-0000000000ff")),
                ("command_status", .string(status == "ACCEPTED" ? claim ?? status : status)),
                ("received_at", .string("\(Self.start)")),
            ] + (body.members ?? []).map { ($0.name, $0.value) }
        return response(202, "\(JSONValue.object(receipt.map { JSONMember(name: $0.0, value: $0.1) }))")
    }

    private func response(_ status: Int, _ body: String) -> ClientResponse {
        var headers = [(name: "Content-Type", value: status < 300 ? "application/json" : "application/problem+json")]
        let (now, hasDates) = world.withLock { ($0.now, $0.hasDates) }
        if hasDates { headers.append((name: "Date", value: time(now).httpDate)) }
        return ClientResponse(status: status, headers: headers, body: ByteStream(Array(body.utf8)))
    }
}

private struct ScriptedTransport: Transport {
    let stage: Stage

    func send(_ request: ClientRequest) async throws -> ClientResponse { try stage.answer(request) }
}

extension JSONValue {
    fileprivate var items: [JSONValue]? { if case .array(let items) = self { items } else { nil } }
    fileprivate var members: [JSONMember]? { if case .object(let members) = self { members } else { nil } }
    fileprivate var double: Double? { if case .number(let number) = self { Double(number.text) } else { nil } }
}
