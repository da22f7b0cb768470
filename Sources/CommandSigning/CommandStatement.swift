public import ContractRuntime
import Digests

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// The statement about a command that a key signs. `docs/agents.md` has its bytes, with a test vector.
public struct CommandStatement: Sendable {
    /// The meaning of a signature. The first line of the signed bytes names it, so that no signature has two meanings.
    public enum Purpose: Sendable {
        /// The instance may execute the command.
        case command
        /// A server has accepted the command from its author; it still needs approval.
        case request
        /// This person approves the command.
        case approval(by: String)
    }

    /// The command's id.
    public var commandID: UUID
    /// The instance that may execute the command.
    public var instanceID: String
    /// The command's type.
    public var commandType: String
    /// The exact text of the payload.
    public var payload: String
    /// When the command expires.
    public var expiresAt: Timestamp
    /// The author of the command.
    public var author: String
    /// The position of the command among those that the same key signs for the instance; 0 if it has none.
    public var sequence: Int

    /// Creates a statement.
    public init(
        commandID: UUID,
        instanceID: String,
        commandType: String,
        payload: String,
        expiresAt: Timestamp,
        author: String,
        sequence: Int
    ) {
        self.commandID = commandID
        self.instanceID = instanceID
        self.commandType = commandType
        self.payload = payload
        self.expiresAt = expiresAt
        self.author = author
        self.sequence = sequence
    }

    /// The signed bytes; nil if a text contains a line break, which would make the lines ambiguous.
    public func bytes(_ purpose: Purpose = .command, keyID: String) -> [UInt8]? {
        var lines = [
            keyID, commandID.text, instanceID, commandType, SHA256.hexadecimal(of: payload),
            "\(expiresAt.microsecondsSinceEpoch)", "\(sequence)", author,
        ]
        switch purpose {
        case .command: lines.insert("flotilla-command-v1", at: 0)
        case .request: lines.insert("flotilla-request-v1", at: 0)
        case .approval(let approver):
            lines.insert("flotilla-approval-v1", at: 0)
            lines.append(approver)
        }
        guard lines.allSatisfy({ !$0.utf8.contains(UInt8(ascii: "\n")) }) else { return nil }
        return lines.flatMap { $0.utf8 + [UInt8(ascii: "\n")] }
    }

    /// Signs the statement: 128 hexadecimal digits. Nil if a text contains a line break.
    public func signature(by key: SigningKey, for purpose: Purpose = .command) -> String? {
        bytes(purpose, keyID: key.id).flatMap { key.signature(of: $0) }?.hexadecimal
    }

    /// Whether the key has signed the statement.
    ///
    /// - Parameter signature: 128 hexadecimal digits.
    public func isSigned(by key: VerifyingKey, _ signature: String, for purpose: Purpose = .command) -> Bool {
        guard let message = bytes(purpose, keyID: key.id), let signature = [UInt8](hexadecimal: signature)
        else { return false }
        return key.verifies(signature, of: message)
    }
}
