import CommandSigning
import Handlers

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension ServerKeys {
    /// Reads the keys that sign commands; nil if the server signs none.
    static func read(_ variables: Variables) throws(ConfigurationError) -> ServerKeys? {
        guard let path = variables["COMMAND_SIGNING_KEY_FILE"] else { return nil }
        return ServerKeys(try keys(in: path))
    }

    /// Reads the keys in a file, which has at least one.
    static func keys(in path: String) throws(ConfigurationError) -> [SigningKey] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { throw error("an unreadable file") }
        guard let keys = SigningKey.read(pem: text) else { throw error("a file without an Ed25519 private key") }
        guard keys.count <= 10 else { throw error("\(keys.count) keys") }
        return keys
    }

    /// The file's contents are a secret and must not appear in the message.
    private static func error(_ found: String) -> ConfigurationError {
        ConfigurationError(
            variable: "COMMAND_SIGNING_KEY_FILE",
            found: found,
            expected: "1 to 10 unencrypted private keys, as openssl genpkey -algorithm ed25519 writes them"
        )
    }
}
