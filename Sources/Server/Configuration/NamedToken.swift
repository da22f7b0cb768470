import Generated
import Handlers

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// An entry of `ADMIN_TOKENS_FILE`: the principal's name, its roles, and the hash of the secret.
struct NamedToken: Sendable {
    let name: String
    let roles: [Role]
    /// SHA-256 in hexadecimal, as `printf %s SECRET | sha256sum` prints it.
    let hash: String

    /// Reads a file of lines `NAME ROLE[,ROLE] SHA256`. Empty lines and lines that begin with `#` are ignored.
    static func read(_ path: String) throws(ConfigurationError) -> [NamedToken] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw error("an unreadable file", "lines of NAME ROLE[,ROLE] SHA256")
        }
        var tokens: [NamedToken] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace)
            if words.isEmpty || words[0].hasPrefix("#") { continue }
            guard let token = NamedToken(words) else {
                let roles = Role.allCases.map(\.rawValue).joined(separator: ", ")
                throw error("malformed line \(index + 1)", "NAME ROLE[,ROLE] SHA256 with the roles \(roles)")
            }
            if ReservedNames.contains(token.name) {
                throw error("the reserved name '\(token.name)'", "a name that the audit log does not use itself")
            }
            // traps: names that only look the same are rejected, too.
            if tokens.contains(where: { $0.name == token.name }) {
                throw error("'\(token.name)' twice", "each name once")
            }
            tokens.append(token)
        }
        return tokens
    }

    private init?(_ words: [Substring]) {
        guard words.count == 3 else { return nil }
        // traps: the line was checked to have three words.
        let (name, list, hash) = (words[0], words[1], words[2])
        guard hash.count == 64, hash.allSatisfy({ $0.isHexDigit && $0.isASCII }) else { return nil }
        let names = list.split(separator: ",", omittingEmptySubsequences: false)
        roles = names.compactMap { Role(rawValue: String($0)) }
        guard roles.count == names.count else { return nil }
        self.name = String(name)
        self.hash = hash.lowercased()
    }

    private static func error(_ found: String, _ expected: String) -> ConfigurationError {
        ConfigurationError(variable: "ADMIN_TOKENS_FILE", found: found, expected: expected)
    }
}
