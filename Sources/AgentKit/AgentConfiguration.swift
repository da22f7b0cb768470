import ContractRuntime
public import Generated

/// The configuration of an agent.
///
/// `sdk/python/README.md` lists the environment variables. The Python SDK reads the same variables and reports the same errors.
public struct AgentConfiguration: Sendable {
    /// The source of an agent's commands.
    public enum CommandSource: Hashable, Sendable {
        /// Poll a control plane at this URL, which must not end with a slash.
        case pull(String)
        /// Read a local file that contains a JSON array of commands. `FILE.acks` receives the acknowledgements, one JSON object per line.
        case file(String)
    }

    /// The action of the dead-man switch when the control plane has not answered for `deadManTimeout`.
    public enum DeadManAction: String, CaseIterable, Sendable {
        /// Block new orders and call the handler for `SAFE_MODE`, if there is one.
        case safeMode = "SAFE_MODE"
        /// Block new orders and call the handler for `FLATTEN`, which is required.
        case flatten = "FLATTEN"
    }

    /// The ID of the instance, 1 to 64 characters. It must stay the same after a restart.
    public var instanceID: String
    /// The ID of the bot that the instance runs, 1 to 64 characters.
    public var botID: String
    /// LIVE, PAPER, BACKTEST or COLLECTOR. The default is PAPER.
    public var runtimeMode = RuntimeMode.paper
    /// The exchange that the bot trades on, 1 to 64 characters.
    public var exchange: String
    /// The symbol that the bot trades, 1 to 64 characters. It is the default symbol of reports.
    public var symbol: String
    /// The version of the bot's software, 1 to 64 characters. The default is `unknown`.
    public var version = "unknown"
    /// The URL that receives heartbeats and reports, without a slash at the end. If it is nil, the dead-man switch is off.
    public var controlPlaneURL: String?
    /// The source of commands. The default is to poll `controlPlaneURL`.
    public var commandSource: CommandSource
    /// The agent token that the control plane issued to this instance; nil if the control plane requires none.
    public var token: String?
    /// The keys that must have signed commands; nil if the agent executes commands without signatures.
    public var commandKeys: CommandKeys?
    /// The interval between heartbeats, with jitter of 10 %. At most half of `deadManTimeout`; the default is 30 seconds.
    public var heartbeatInterval = Duration.seconds(30)
    /// How long the control plane may fail to answer before the dead-man switch acts. The default is 90 seconds.
    public var deadManTimeout = Duration.seconds(90)
    /// The action of the dead-man switch. The default is `safeMode`.
    public var deadManAction = DeadManAction.safeMode
    /// How long the control plane must answer before the agent returns to NORMAL automatically after the dead-man switch stopped it.
    /// If it is nil (the default), only a START command ends the stop.
    public var deadManResume: Duration?
    /// How long a handler may run before its command counts as failed. The default is 60 seconds.
    public var commandTimeLimit = Duration.seconds(60)
    /// The directory of the journal and the spool. Each instance uses its own subdirectory. It must survive restarts.
    public var dataDirectory = ".flotilla-agent"
    /// The maximum size of pending reports, in bytes. The default is 64 MiB. If the spool is full, the oldest reports except costs are dropped.
    public var spoolLimit = 64 << 20

    /// Creates the configuration of an agent that reports to a control plane and polls it for commands. Values are not validated.
    public init(instanceID: String, botID: String, exchange: String, symbol: String, controlPlaneURL: String) {
        self.instanceID = instanceID
        self.botID = botID
        self.exchange = exchange
        self.symbol = symbol
        self.controlPlaneURL = controlPlaneURL
        commandSource = .pull(controlPlaneURL)
    }

    /// The instance's subdirectory. The ID is percent-encoded, so any ID is a single valid file name.
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

/// An invalid configuration. It lists all errors, one per line.
public struct AgentConfigurationError: Error, Hashable, CustomStringConvertible {
    /// One line per error: the variable, the value found and the value expected.
    public let description: String
}

extension AgentConfiguration {
    /// Reads the configuration from environment variables.
    ///
    /// - Parameter environment: The variables by name. Empty values count as not set.
    /// - Throws: `AgentConfigurationError` with all errors, not only the first.
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
        commandKeys = reader.commandKeys()
        deadManTimeout = reader.seconds("DEADMAN_TIMEOUT_SECONDS") ?? deadManTimeout
        heartbeatInterval = reader.seconds("HEARTBEAT_INTERVAL_SECONDS") ?? min(heartbeatInterval, deadManTimeout / 3)
        deadManAction = reader.choice("DEADMAN_ACTION", of: DeadManAction.self) ?? deadManAction
        deadManResume = reader.seconds("DEADMAN_RESUME_SECONDS")
        commandTimeLimit = reader.seconds("COMMAND_TIMEOUT_SECONDS") ?? commandTimeLimit
        dataDirectory = reader["AGENT_DATA_DIR"] ?? dataDirectory
        spoolLimit = reader.megabytes("SPOOL_LIMIT_MB") ?? spoolLimit
        if heartbeatInterval * 2 > deadManTimeout {
            reader.add(
                "HEARTBEAT_INTERVAL_SECONDS: must be at most half of DEADMAN_TIMEOUT_SECONDS, so that one lost heartbeat does not stop the bot"
            )
        }
        if let error = reader.error { throw error }
    }
}

/// Reads environment variables and collects all errors.
private struct EnvironmentReader {
    // traps: the names of variables are constants of this file, in ASCII.
    private let environment: [String: String]
    private var errors: [String] = []

    init(_ environment: [String: String]) {
        self.environment = environment
    }

    var error: AgentConfigurationError? {
        errors.isEmpty ? nil : AgentConfigurationError(description: errors.joined(separator: "\n"))
    }

    mutating func add(_ error: String) { errors.append(error) }

    /// The value of a variable; nil if it is not set or empty.
    subscript(name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    mutating func identifier(_ name: String, isRequired: Bool = true) -> String? {
        guard let text = self[name] else {
            if isRequired { add("\(name): found nothing, expected 1 to 64 characters") }
            return nil
        }
        if text.unicodeScalars.count > 64 {
            add("\(name): found \(text.unicodeScalars.count) characters, expected 1 to 64")
        }
        return text
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ name: String, of type: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        guard let text = self[name] else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            add("\(name): found '\(text)', expected one of \(choices)")
            return nil
        }
        return choice
    }

    mutating func seconds(_ name: String) -> Duration? {
        guard let text = self[name] else { return nil }
        guard let seconds = Double(text), seconds.isFinite, seconds > 0, seconds <= 31_536_000 else {
            add("\(name): found '\(text)', expected a number of seconds above 0, at most 31536000")
            return nil
        }
        // traps: a product of two Doubles cannot overflow.
        return .microseconds(Int64(saturating: seconds * 1_000_000))
    }

    mutating func megabytes(_ name: String) -> Int? {
        guard let text = self[name] else { return nil }
        guard let number = Int(text), (1...1_000_000).contains(number) else {
            add("\(name): found '\(text)', expected a whole number from 1 to 1000000")
            return nil
        }
        return number << 20
    }

    /// An HTTP URL, without slashes at its end.
    mutating func url(_ name: String) -> String? {
        guard var text = self[name] else { return nil }
        guard let prefix = ["http://", "https://"].first(where: text.hasPrefix), text.utf8.count > prefix.utf8.count
        else {
            add("\(name): found '\(text)', expected an http or https URL")
            return nil
        }
        while text.hasSuffix("/") { text.removeLast() }
        return text
    }

    /// The keys in COMMAND_KEYS, or in the file that COMMAND_KEYS_FILE names.
    mutating func commandKeys() -> CommandKeys? {
        switch (self["COMMAND_KEYS"], self["COMMAND_KEYS_FILE"]) {
        case (nil, nil): return nil
        case (let text?, nil): return commandKeys("COMMAND_KEYS", text)
        case (nil, let path?):
            guard let bytes = try? Files.read(path) else {
                add("COMMAND_KEYS_FILE: found no readable file '\(path)', expected a file of public keys")
                return nil
            }
            return commandKeys("COMMAND_KEYS_FILE", String(decoding: bytes, as: UTF8.self))
        case (_, _?):
            add("COMMAND_KEYS_FILE: found beside COMMAND_KEYS, expected only one of them")
            return nil
        }
    }

    private mutating func commandKeys(_ name: String, _ text: String) -> CommandKeys? {
        do throws(CommandKeys.Malformed) {
            return try CommandKeys(text)
        } catch {
            add("\(name): \(error)")
            return nil
        }
    }

    mutating func commandSource(_ url: String?) -> AgentConfiguration.CommandSource {
        if let file = self["COMMAND_FILE"] {
            if self["COMMAND_PULL_URL"] != nil {
                add("COMMAND_FILE: found beside COMMAND_PULL_URL, expected only one of them")
            }
            return .file(file)
        }
        if url == nil, self["CONTROL_PLANE_URL"] == nil, self["COMMAND_PULL_URL"] == nil {
            add("CONTROL_PLANE_URL: found nothing, expected a URL, or COMMAND_FILE to run without a control plane")
        }
        return .pull(url ?? "")
    }
}
