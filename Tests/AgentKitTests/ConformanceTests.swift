import ContractRuntime
import Foundation
import Generated
import Logging
import Synchronization
import Testing

@testable import AgentKit

/// Runs the cases of `sdk/conformance`, as the tests of the Python SDK do. The README there documents their format.
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

    @Test func `all files have cases`() {
        #expect(Self.cases("commands.json").count >= 16)
        #expect(Self.cases("dead-man.json").count >= 15)
        #expect(Self.cases("reports.json").count >= 3)
        #expect(Self.cases("signatures.json").count >= 15)
        #expect(Self.cases("configuration.json").count >= 7)
    }

    @Test(arguments: cases("commands.json") + cases("dead-man.json") + cases("reports.json") + cases("signatures.json"))
    func `the agent behaves as the case expects`(_ example: Case) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "agent-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let scenario = Scenario(example.json, folder: folder)
        for step in example.json["steps"]?.items ?? [] { try await scenario.play(step) }
    }

    @Test(arguments: cases("configuration.json"))
    func `the environment gives the expected configuration or error`(_ example: Case) throws {
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

/// Plays one case: simulates the clocks, the control plane, the bot and its process.
private final class Scenario: Sendable {
    private struct State {
        var now = 0.0
        var wallClock = 0.0
        var hasDates = true
        var calls = "answered"
        var acknowledgementMode = "stored"
        var claim: String?
        var refuses: [String: String] = [:]
        var deliveries: [JSONValue] = []
        /// The handlers that were called since the previous step.
        var effects: [String] = []
        var acknowledgements: [JSONValue] = []
        var reports: [(path: String, elements: [JSONValue])] = []
        var hasDied = false
    }

    private static let start = Timestamp(microsecondsSinceEpoch: 1_767_225_600_000_000)
    private let state = Mutex(State())
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
            wall: { self.time(self.state.withLock { $0.now + $0.wallClock }) },
            elapsed: { .seconds(self.state.withLock(\.now)) },
            chance: { 0.5 }
        )
        let agent = try Agent(configuration, transport: ScriptedTransport(scenario: self), clock: clock, logger: logger)
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
        if let keys = given?["command_keys"]?.text { configuration.commandKeys = try? CommandKeys(keys) }
        if given?["deadman_action"]?.text == "FLATTEN" { configuration.deadManAction = .flatten }
        return configuration
    }

    private func handle(_ handler: JSONMember) async throws -> JSONObject? {
        let evidence = handler.value["evidence"].map { JSONObject("\($0)") } ?? nil
        state.withLock { $0.effects.append(handler.name) }
        if handler.value["dies"] != nil {
            state.withLock { $0.hasDied = true }
            try await Task.sleep(for: .seconds(3600))
        }
        // Ignores cancellation. After cancellation a loop with Task.sleep would keep a core busy.
        if handler.value["hangs"] != nil { await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } }
        if let reason = handler.value["fails"]?.text {
            // With evidence the handler throws a CommandFailure, otherwise any other error.
            if let evidence { throw CommandFailure(reason, evidence: evidence) }
            throw HandlerError(reason: reason)
        }
        return evidence
    }

    private struct HandlerError: Error {
        let reason: String
    }

    /// Runs `work`, and cancels it when the simulated process is killed.
    private func untilKilled(_ work: @escaping @Sendable () async throws -> Void) async throws {
        let task = Task { try await work() }
        let watcher = Task {
            while !state.withLock(\.hasDied) { try await Task.sleep(for: .milliseconds(1)) }
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
            state.withLock { $0.hasDied = false }
        }
        let running = agent.withLock { $0 }
        let agent = if let running { running } else { try await begin() }
        if step["tick"] == nil, await agent.tick() { try await untilKilled { try await agent.act() } }
        if step["heartbeat"] != nil { try? await agent.beat() }
        for report in step["report"]?.items ?? [] { try keep(report, agent.telemetry) }
        let commands = try await deliver(step, to: agent)
        try? await agent.sendAcknowledgements()
        for command in commands where !state.withLock(\.hasDied) {
            try await untilKilled { try await agent.execute(command) }
            if !state.withLock(\.hasDied) { try? await agent.sendAcknowledgements() }
        }
        try? await agent.sendReports()
        try compare(step, agent)
    }

    private func change(_ step: JSONValue) {
        state.withLock { state in
            state.now = step["at"]?.double ?? state.now
            state.wallClock = step["wall_clock"]?.double ?? state.wallClock
            if case .boolean(let hasDates)? = step["dates"] { state.hasDates = hasDates }
            state.calls = step["calls"]?.text ?? state.calls
            state.acknowledgementMode = step["acknowledgements"]?.text ?? state.acknowledgementMode
            state.claim = step["claim"]?.text ?? state.claim
            if let refuses = step["refuses"]?.members {
                state.refuses = [:]
                for member in refuses { state.refuses[member.name] = member.value.text }
            }
            state.deliveries = (step["deliver"]?.items ?? []).map(command)
            state.effects = []
            state.acknowledgements = []
            state.reports = []
        }
    }

    private func deliver(_ step: JSONValue, to agent: Agent) async throws -> [AgentCommand] {
        if let commands = step["file"]?.items {
            try Data("\(JSONValue.array(commands.map(command)))".utf8).write(to: URL(fileURLWithPath: commandFile))
            return try agent.readCommandFile()
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

    /// Expands the short form of a command to the contract's form.
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

    // MARK: - Expectations

    private func compare(_ step: JSONValue, _ agent: Agent) throws {
        guard let expected = step["expect"] else { return }
        let actual = state.withLock { $0 }
        let context: Comment = "at \(step["at"]?.description ?? "?")"
        #expect(actual.effects == (expected["effects"]?.items ?? []).compactMap(\.text), context)
        compare(actual.acknowledgements, expected["acknowledgements"], context)
        let lines = (try? String(contentsOfFile: commandFile + ".acks", encoding: .utf8)) ?? ""
        try? FileManager.default.removeItem(atPath: commandFile + ".acks")
        compare(
            lines.split(separator: "\n").compactMap { JSONValue(String($0)) },
            expected["file_acknowledgements"],
            context
        )
        if let reports = expected["reports"]?.items {
            #expect(actual.reports.map(\.path) == reports.compactMap { $0["path"]?.text }, context)
            for (report, wanted) in zip(actual.reports, reports) {
                let elements = wanted["elements"]?.items ?? []
                #expect(report.elements.map(plain) == elements.map(element), context)
            }
        }
        if let state = expected["state"]?.text { #expect(agent.state.rawValue == state, context) }
        if case .boolean(let mayOrder)? = expected["orders"] {
            #expect(((try? agent.permitOrders()) != nil) == mayOrder, context)
        }
    }

    private func compare(_ actual: [JSONValue], _ expected: JSONValue?, _ context: Comment) {
        let expected = expected?.items ?? []
        let text = actual.map { "\($0["command_id"]?.text?.last ?? "?") \($0["status"]?.text ?? "?")" }
        #expect(text == expected.map { "\(id($0).last ?? "?") \($0["status"]?.text ?? "?")" }, context)
        for (acknowledgement, wanted) in zip(actual, expected) {
            #expect(acknowledgement["instance_id"]?.text == "bot-1", context)
            if let reason = wanted["reason"]?.text {
                #expect(
                    acknowledgement["reason"]?.text?.split(separator: ":").first.map(String.init) == reason,
                    context
                )
            }
            if let evidence = wanted["evidence"] { #expect(acknowledgement["evidence"] == evidence, context) }
            if let at = wanted["at"]?.double { #expect(acknowledgement["timestamp"]?.text == "\(time(at))", context) }
        }
    }

    /// The members of an element as normalized text, because amounts may be JSON numbers or strings.
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

    fileprivate func respond(to request: ClientRequest) throws -> ClientResponse {
        let (content, _) = request.body.encoded(for: .request)
        var body = JSONValue.null
        if case .bytes(let bytes) = content, !bytes.isEmpty { body = try JSONValue(json: bytes) }
        if request.path.hasSuffix("/ack") { return try acknowledge(body) }
        let state = state.withLock { $0 }
        if state.calls == "unreachable" { throw Unreachable() }
        if state.calls == "failing" { return response(503, #"{"code":"DATABASE_UNAVAILABLE","detail":"not now"}"#) }
        if request.path == "/ingest/heartbeat" {
            switch state.calls {
            case "superseded": return response(409, #"{"code":"LEASE_LOST","detail":"another process"}"#)
            case "unregistered": return response(429, #"{"code":"TOO_MANY_REGISTRATIONS","detail":"later"}"#)
            default: return response(202, #"{"status":"accepted"}"#)
            }
        }
        if request.method == "GET" { return response(200, "\(JSONValue.array(state.deliveries))") }
        return try report(request.path, body)
    }

    private func report(_ path: String, _ body: JSONValue) throws -> ClientResponse {
        let elements = body.items ?? []
        let (refuses, calls, now) = state.withLock { state in
            state.reports.append((path, elements))
            return (state.refuses, state.calls, state.now)
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
        let (mode, claim) = state.withLock { state in
            if state.acknowledgementMode != "unreachable" { state.acknowledgements.append(body) }
            return (state.acknowledgementMode, state.claim)
        }
        if mode == "unreachable" || mode == "lost" { throw Unreachable() }
        if mode == "refused" { return response(404, #"{"code":"COMMAND_NOT_FOUND","detail":"command not found"}"#) }
        if mode == "bulky", body["evidence"].map({ $0 != .null }) == true {
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
        var headers: HeaderFields = ["Content-Type": status < 300 ? "application/json" : "application/problem+json"]
        let (now, hasDates) = state.withLock { ($0.now, $0.hasDates) }
        if hasDates { headers.add("Date", time(now).httpDate) }
        return ClientResponse(status: status, headers: headers, body: ByteStream(Array(body.utf8)))
    }
}

private struct ScriptedTransport: Transport {
    let scenario: Scenario

    func send(_ request: ClientRequest) async throws -> ClientResponse { try scenario.respond(to: request) }
}

extension JSONValue {
    fileprivate var items: [JSONValue]? { if case .array(let items) = self { items } else { nil } }
    fileprivate var members: [JSONMember]? { if case .object(let members) = self { members } else { nil } }
    fileprivate var double: Double? { if case .number(let number) = self { Double(number.text) } else { nil } }
}
