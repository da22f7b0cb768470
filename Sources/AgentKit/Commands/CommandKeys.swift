import CommandSigning
import ContractRuntime
import Generated

/// The public keys whose commands an agent executes.
///
/// If the control plane's keys are listed, each command needs a signature by one of them. If keys of operators are listed, each command also
/// needs a signature by one of these.
public struct CommandKeys: Sendable {
    private let keys: [(signer: Signer, key: VerifyingKey)]

    /// Why a text is not a list of keys. `description` is one line.
    public struct Malformed: Error, Hashable, CustomStringConvertible {
        /// The text that was found, and what was expected.
        public let description: String
    }

    /// Reads keys `server:HEX` and `operator:HEX` with 64 hexadecimal digits each, separated by white space or commas. A `#` begins a comment
    /// that ends with its line. `flotilla-server command-keys FILE` prints them.
    public init(_ text: String) throws(Malformed) {
        var keys: [(signer: Signer, key: VerifyingKey)] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let entries = line.prefix { $0 != "#" }.split { $0.isWhitespace || $0 == "," }
            for entry in entries { keys.append(try Self.key(String(entry))) }
        }
        if keys.isEmpty {
            throw Malformed(description: "found no key, expected server:HEX or operator:HEX with 64 hexadecimal digits")
        }
        self.keys = keys
    }

    private static func key(_ entry: String) throws(Malformed) -> (signer: Signer, key: VerifyingKey) {
        let kinds = [("server:", Signer.server), ("operator:", .operator)]
        let kind = kinds.first { entry.utf8.starts(with: $0.0.utf8) }
        guard let (prefix, signer) = kind,
            let key = VerifyingKey(hexadecimal: String(entry.dropFirst(prefix.count)))
        else {
            throw Malformed(
                description: "found '\(entry)', expected server:HEX or operator:HEX with 64 hexadecimal digits"
            )
        }
        return (signer, key)
    }

    /// The reason why a command must not be executed.
    struct Refusal: Error {
        let reason: String
    }

    /// Verifies the signatures of a delivered command.
    ///
    /// - Returns: The command with the signed payload and its sequence numbers.
    func verify(_ command: AgentCommand, _ json: JSONValue) throws(Refusal) -> AgentCommand {
        var signatures: [JSONValue] = []
        if case .array(let items)? = json["signatures"] { signatures = items }
        var verified = command
        verified.sequences = [:]
        for signer in [Signer.server, .operator] where keys.contains(where: { $0.signer == signer }) {
            try verify(&verified, json, signatures.filter { $0["signer"]?.text == signer.rawValue }, of: signer)
        }
        return verified
    }

    private func verify(
        _ command: inout AgentCommand,
        _ json: JSONValue,
        _ signatures: [JSONValue],
        of signer: Signer
    ) throws(Refusal) {
        let name = signer == .server ? "the control plane" : "an operator"
        if signatures.isEmpty { throw Refusal(reason: "NOT_SIGNED: the command has no signature of \(name)") }
        for signature in signatures {
            guard let keyID = signature["key_id"]?.text,
                let key = keys.first(where: { $0.signer == signer && $0.key.id.hasSameScalars(as: keyID) })?.key
            else { continue }
            guard let author = json["created_by"]?.text, let payload = signature["payload"]?.text,
                let sequence = signature["sequence"]?.integer, sequence > 0,
                let value = signature["signature"]?.text
            else { throw Refusal(reason: "SIGNATURE_INVALID: the signature of \(name) is incomplete") }
            let statement = CommandStatement(
                commandID: command.commandID,
                instanceID: command.instanceID,
                commandType: command.commandType.rawValue,
                payload: payload,
                expiresAt: command.expiresAt,
                author: author,
                sequence: sequence
            )
            guard statement.isSigned(by: key, value) else {
                throw Refusal(reason: "SIGNATURE_INVALID: \(name) has not signed this command for this instance")
            }
            // The handler gets the signed text. The delivered payload must say the same, because people saw that one.
            guard let signed = JSONObject(payload), let delivered = JSONValue(command.payload.description),
                JSONValue(payload) == delivered
            else { throw Refusal(reason: "SIGNATURE_INVALID: the payload is not the one that \(name) signed") }
            command.payload = signed
            // The control plane signs after the last approval, an operator before it. Its number gives the order if there are both.
            if command.sequences.isEmpty { command.sequences[keyID] = sequence }
            return
        }
        throw Refusal(reason: "UNKNOWN_KEY: this agent does not trust the key that signed for \(name)")
    }
}

extension JSONValue {
    /// The value of a JSON integer without fraction and exponent; nil for other JSON values.
    var integer: Int? {
        if case .number(let number) = self { Int(number.text) } else { nil }
    }
}
