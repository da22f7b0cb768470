public import CommandSigning
import ContractRuntime

/// The server's own keys, which are outside the database: write access to the database is not enough to sign a command.
public struct ServerKeys: Sendable {
    /// The key that signs.
    let current: SigningKey
    /// All keys, the current one first. The others verify what they signed before a rotation.
    let all: [SigningKey]

    /// Creates the keys of a server; nil without any.
    ///
    /// - Parameter keys: The first one signs.
    public init?(_ keys: [SigningKey]) {
        guard let first = keys.first else { return nil }
        current = first
        all = keys
    }

    /// Whether one of the keys has signed a statement.
    func haveSigned(
        _ statement: CommandStatement,
        _ signature: String,
        by keyID: String,
        for purpose: CommandStatement.Purpose
    ) -> Bool {
        all.contains { key in
            key.id.hasSameScalars(as: keyID) && statement.isSigned(by: key.verifyingKey, signature, for: purpose)
        }
    }
}
