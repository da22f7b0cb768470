public import ContractRuntime
public import Generated

/// A command, as it is passed to the handler for its type.
public struct AgentCommand: Sendable {
    /// The unique ID of the command.
    public let commandID: UUID
    /// The instance that must execute the command.
    public let instanceID: String
    /// The type of the command, which selects the handler.
    public let commandType: CommandType
    /// When the command was issued; nil if the control plane did not send it.
    public let issuedAt: Timestamp?
    /// When the command expires, in the control plane's time. It is not started at or after this time.
    public let expiresAt: Timestamp
    /// Parameters of the command, empty if it has none.
    public internal(set) var payload: JSONObject
    /// The verified sequence numbers by key; empty if the agent verifies no signatures. A delivered command never sets them.
    // traps: ids of keys are hexadecimal digits.
    var sequences: [String: Int] = [:]

    /// Creates a command. Agents create commands from the control plane's responses; bots need this only in tests.
    public init(
        commandID: UUID,
        instanceID: String,
        commandType: CommandType,
        issuedAt: Timestamp? = nil,
        expiresAt: Timestamp,
        payload: JSONObject = .empty
    ) {
        self.commandID = commandID
        self.instanceID = instanceID
        self.commandType = commandType
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.payload = payload
    }

    /// The reason why JSON is not a valid command, and the command's ID if it could be read.
    struct Malformed: Error {
        let commandID: UUID?
        let reason: String
    }

    /// Decodes one command of a list, so that a malformed command does not affect the others. Unknown members are ignored, because a newer
    /// control plane may send them.
    init(_ json: JSONValue) throws(Malformed) {
        guard let id = json["command_id"]?.text.flatMap({ UUID(json: $0) }) else {
            throw Malformed(commandID: nil, reason: "MALFORMED: command_id must be a UUID")
        }
        func refuse(_ reason: String) -> Malformed { Malformed(commandID: id, reason: reason) }
        func text(_ name: String) throws(Malformed) -> String {
            guard let text = json[name]?.text else { throw refuse("MALFORMED: \(name) must be a string") }
            return text
        }
        func time(_ name: String) throws(Malformed) -> Timestamp {
            guard let time = Timestamp(try text(name)) else {
                throw refuse("MALFORMED: \(name) must be an RFC 3339 time")
            }
            return time
        }
        commandID = id
        instanceID = try text("instance_id")
        let type = try text("command_type")
        guard let commandType = CommandType(rawValue: type) else {
            throw refuse("UNKNOWN_COMMAND: '\(String(type.unicodeScalars.prefix(64)))'")
        }
        self.commandType = commandType
        issuedAt = json["issued_at"] == nil ? nil : try time("issued_at")
        expiresAt = try time("expires_at")
        switch json["payload"] {
        case nil: payload = .empty
        case .object(let members)?: payload = JSONObject(validated: JSONWriter.write(JSONValue.object(members)))
        default: throw refuse("MALFORMED: payload must be an object")
        }
    }

    /// Whether both commands are equal, so that the second is a repeated delivery of the first.
    func hasSameContent(as other: AgentCommand) -> Bool {
        (commandID, commandType, issuedAt, expiresAt)
            == (other.commandID, other.commandType, other.issuedAt, other.expiresAt)
            && instanceID.hasSameScalars(as: other.instanceID)
            && (try? JSONValue(json: payload.bytes)) == (try? JSONValue(json: other.payload.bytes))
    }

    /// Writes the command in the journal's format.
    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("command_id", commandID)
        json.member("instance_id", instanceID)
        json.member("command_type", commandType)
        json.member("issued_at", ifPresent: issuedAt)
        json.member("expires_at", expiresAt)
        json.member("payload", payload)
        if !sequences.isEmpty { json.member("sequences", SequenceRecord(sequences: sequences)) }
        json.endObject()
    }
}

/// The sequence numbers of a command in the journal.
private struct SequenceRecord: JSONWritable {
    // traps: ids of keys are hexadecimal digits.
    let sequences: [String: Int]

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.members(sequences)
        json.endObject()
    }
}

extension JSONValue {
    /// The value of a JSON string; nil for other JSON values.
    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }
}
