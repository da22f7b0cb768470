public import ContractRuntime
public import Generated

/// A command as the handler of its type gets it.
public struct AgentCommand: Sendable {
    /// Its id.
    public let commandID: UUID
    /// The instance that shall obey.
    public let instanceID: String
    /// What shall be done.
    public let commandType: CommandType
    /// When it was given; nil where that is not said.
    public let issuedAt: Timestamp?
    /// From when on it must not be carried out.
    public let expiresAt: Timestamp
    /// Details.
    public let payload: JSONObject

    /// A command of these parts.
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

    /// What is no command: its id, if it has one, and what is wrong.
    struct Malformed: Error {
        let commandID: UUID?
        let reason: String
    }

    /// Reads a command, one by one, so that one that cannot be read hides no other. Members that are not known are left alone: a
    /// newer control plane may send them.
    init(_ json: JSONValue) throws(Malformed) {
        guard let id = json["command_id"]?.text.flatMap({ UUID(json: $0) }) else {
            throw Malformed(commandID: nil, reason: "MALFORMED: command_id is no UUID")
        }
        func refuse(_ reason: String) -> Malformed { Malformed(commandID: id, reason: reason) }
        func text(_ name: String) throws(Malformed) -> String {
            guard let text = json[name]?.text else { throw refuse("MALFORMED: \(name) is no string") }
            return text
        }
        func time(_ name: String) throws(Malformed) -> Timestamp {
            guard let time = Timestamp(try text(name)) else { throw refuse("MALFORMED: \(name) is no time") }
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
        default: throw refuse("MALFORMED: payload is no object")
        }
    }

    /// Whether both say the same, so that the second is a repeated delivery of the first.
    func says(theSameAs other: AgentCommand) -> Bool {
        (commandID, commandType, issuedAt, expiresAt)
            == (other.commandID, other.commandType, other.issuedAt, other.expiresAt)
            && instanceID.hasSameScalars(as: other.instanceID)
            && (try? JSONValue(json: payload.bytes)) == (try? JSONValue(json: other.payload.bytes))
    }

    /// The form in the journal.
    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("command_id", commandID)
        json.member("instance_id", instanceID)
        json.member("command_type", commandType)
        json.member("issued_at", ifPresent: issuedAt)
        json.member("expires_at", expiresAt)
        json.member("payload", payload)
        json.endObject()
    }
}

extension JSONValue {
    /// A string's text.
    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }
}
