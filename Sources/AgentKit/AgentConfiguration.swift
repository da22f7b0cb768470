import ContractRuntime
public import Generated

/// How an agent is set up.
///
/// `docs/agents.md` lists the environment variables; the SDK in Python reads the same ones and says the same of wrong values.
public struct AgentConfiguration: Sendable {
    /// Where commands come from.
    public enum CommandSource: Hashable, Sendable {
        /// A control plane, which is asked for them; the URL without a path's last slash.
        case pull(String)
        /// A local file that holds a JSON list.
        case file(String)
    }

    /// What happens when the control plane has not answered for too long.
    public enum DeadManAction: String, CaseIterable, Sendable {
        /// No new orders, and the handler of `SAFE_MODE`.
        case safeMode = "SAFE_MODE"
        /// No new orders, and the handler of `FLATTEN`.
        case flatten = "FLATTEN"
    }

    /// The running process that reports. It is the same after a restart.
    public var instanceID: String
    /// The bot that the process runs.
    public var botID: String
    /// How it trades.
    public var runtimeMode = RuntimeMode.paper
    /// The exchange that it trades on.
    public var exchange: String
    /// What it trades; reports that name no symbol are about this one.
    public var symbol: String
    /// The version of the bot's software.
    public var version = "unknown"
    /// The control plane's URL, which heartbeats and reports go to; nil for an agent without one, whose dead-man switch is off.
    public var controlPlaneURL: String?
    /// Where commands come from.
    public var commandSource: CommandSource
    /// The secret that the control plane issued to this instance; nil where it asks for none.
    public var token: String?
    /// Between two heartbeats, give or take a tenth.
    public var heartbeatInterval = Duration.seconds(30)
    /// For how long the control plane may be silent.
    public var deadManTimeout = Duration.seconds(90)
    /// What happens then.
    public var deadManAction = DeadManAction.safeMode
    /// After how long with a control plane that answers the agent goes back to normal by itself, if the dead-man switch stopped it;
    /// nil for never.
    public var deadManResume: Duration?
    /// For how long the handler of a command may work before the command counts as failed.
    public var commandTimeLimit = Duration.seconds(60)
    /// The folder of the journal and of the reports that wait; each instance has its own inside.
    public var dataDirectory = ".flotilla-agent"
    /// The most bytes of reports that wait for the control plane.
    public var spoolLimit = 64 << 20

    /// The set-up of an agent that reports to a control plane and obeys it.
    public init(instanceID: String, botID: String, exchange: String, symbol: String, controlPlaneURL: String) {
        self.instanceID = instanceID
        self.botID = botID
        self.exchange = exchange
        self.symbol = symbol
        self.controlPlaneURL = controlPlaneURL
        commandSource = .pull(controlPlaneURL)
    }

    /// The instance's own folder: any id is one name in it.
    var instanceDirectory: String {
        let name = instanceID.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return "\(dataDirectory)/\(name.joined())"
    }
}

/// What is wrong with an agent's set-up: one line for each variable.
public struct AgentConfigurationError: Error, Hashable, CustomStringConvertible {
    /// The lines.
    public let description: String
}

extension AgentConfiguration {
    /// The set-up that the environment describes; everything that is wrong with it is in one error.
    public init(environment: [String: String]) throws(AgentConfigurationError) {
        var reader = EnvironmentReader(environment)
        instanceID = reader.identifier("INSTANCE_ID") ?? ""
        botID = reader.identifier("BOT_ID") ?? ""
        exchange = reader.identifier("EXCHANGE") ?? ""
        symbol = reader.identifier("SYMBOL") ?? ""
        version = reader.identifier("AGENT_VERSION", isRequired: false) ?? version
        runtimeMode = reader.choice("RUNTIME_MODE", of: RuntimeMode.self) ?? runtimeMode
        let pullURL = reader.url("COMMAND_PULL_URL")
        controlPlaneURL = reader.url("CONTROL_PLANE_URL") ?? pullURL
        commandSource = reader.commandSource(pullURL ?? controlPlaneURL)
        token = reader["AGENT_TOKEN"]
        deadManTimeout = reader.seconds("DEADMAN_TIMEOUT_SECONDS") ?? deadManTimeout
        heartbeatInterval = reader.seconds("HEARTBEAT_INTERVAL_SECONDS") ?? min(heartbeatInterval, deadManTimeout / 3)
        deadManAction = reader.choice("DEADMAN_ACTION", of: DeadManAction.self) ?? deadManAction
        deadManResume = reader.seconds("DEADMAN_RESUME_SECONDS")
        commandTimeLimit = reader.seconds("COMMAND_TIMEOUT_SECONDS") ?? commandTimeLimit
        dataDirectory = reader["AGENT_DATA_DIR"] ?? dataDirectory
        spoolLimit = reader.megabytes("SPOOL_LIMIT_MB") ?? spoolLimit
        if heartbeatInterval * 2 > deadManTimeout {
            reader.complain(
                "HEARTBEAT_INTERVAL_SECONDS is more than half of DEADMAN_TIMEOUT_SECONDS: one lost heartbeat would stop the bot"
            )
        }
        if let error = reader.error { throw error }
    }
}

/// Reads variables and collects what is wrong with them.
private struct EnvironmentReader {
    // traps: the names of variables are our own, in ASCII.
    private let environment: [String: String]
    private var complaints: [String] = []

    init(_ environment: [String: String]) {
        self.environment = environment
    }

    var error: AgentConfigurationError? {
        complaints.isEmpty ? nil : AgentConfigurationError(description: complaints.joined(separator: "\n"))
    }

    mutating func complain(_ text: String) { complaints.append(text) }

    /// A variable that is set and not empty.
    subscript(name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    mutating func identifier(_ name: String, isRequired: Bool = true) -> String? {
        guard let text = self[name] else {
            if isRequired { complain("\(name) is missing") }
            return nil
        }
        if text.unicodeScalars.count > 64 {
            complain("\(name) has \(text.unicodeScalars.count) characters; 1 to 64 were expected")
        }
        return text
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ name: String, of type: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        guard let text = self[name] else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            complain("\(name) is '\(text)'; one of \(choices) was expected")
            return nil
        }
        return choice
    }

    mutating func seconds(_ name: String) -> Duration? {
        guard let text = self[name] else { return nil }
        guard let seconds = Double(text), seconds.isFinite, seconds > 0, seconds <= 31_536_000 else {
            complain("\(name) is '\(text)'; a number of seconds above 0 was expected")
            return nil
        }
        // traps: a product of two Double has no bounds to pass.
        return .microseconds(Int64(saturating: seconds * 1_000_000))
    }

    mutating func megabytes(_ name: String) -> Int? {
        guard let text = self[name] else { return nil }
        guard let number = Int(text), (1...1_000_000).contains(number) else {
            complain("\(name) is '\(text)'; a whole number from 1 was expected")
            return nil
        }
        return number << 20
    }

    /// An HTTP URL without its last slash.
    mutating func url(_ name: String) -> String? {
        guard var text = self[name] else { return nil }
        guard let prefix = ["http://", "https://"].first(where: text.hasPrefix), text.utf8.count > prefix.utf8.count
        else {
            complain("\(name) is '\(text)'; an http or https URL was expected")
            return nil
        }
        while text.hasSuffix("/") { text.removeLast() }
        return text
    }

    mutating func commandSource(_ url: String?) -> AgentConfiguration.CommandSource {
        if let file = self["COMMAND_FILE"] {
            if self["COMMAND_PULL_URL"] != nil {
                complain("COMMAND_FILE and COMMAND_PULL_URL are both set; one of them was expected")
            }
            return .file(file)
        }
        if url == nil, self["CONTROL_PLANE_URL"] == nil, self["COMMAND_PULL_URL"] == nil {
            complain("CONTROL_PLANE_URL is missing, and COMMAND_FILE, which does without one, is too")
        }
        return .pull(url ?? "")
    }
}
