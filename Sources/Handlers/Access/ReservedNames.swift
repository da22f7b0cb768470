import ContractRuntime
import Generated

/// The names in the audit log that no issued token may have.
public enum ReservedNames {
    /// Actors without a token.
    private static let actors = [Actor.agent, Actor.admin, Actor.scheduler, Actor.unknown, "anonymous", "auto"]
    /// The beginning of the names of people of an OpenID provider.
    static let personPrefix = "oidc:"
    /// The beginning of the names of enrolment codes as actors.
    static let enrolmentPrefix = "enrolment:"
    /// The beginnings of the names of agents' tokens, of enrolment codes and of people.
    private static let prefixes = ["agent:", enrolmentPrefix, personPrefix]

    /// Whether a name is reserved, or could be taken for one that is.
    ///
    /// - Parameter configured: The names of configured tokens.
    public static func contains(_ name: String, configured: [String] = []) -> Bool {
        let folded = fold(name)
        // traps: canonically equivalent names must count as equal here.
        return prefixes.contains { folded.hasPrefix($0) } || (actors + configured).contains { fold($0) == folded }
    }

    /// Whether a principal's name is that of a person of an OpenID provider.
    static func isPerson(_ name: String) -> Bool { name.utf8.starts(with: personPrefix.utf8) }

    /// Ignores case, spaces and the full width of letters.
    private static func fold(_ name: String) -> String {
        var folded = String.UnicodeScalarView()
        for scalar in name.unicodeScalars where !scalar.properties.isWhitespace {
            // The forms of full width have the order of ASCII (Unicode, block U+FF00).
            let isWide = (0xFF01...0xFF5E).contains(scalar.value)
            folded.append(isWide ? Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar : scalar)
        }
        return String(folded).lowercased()
    }
}

extension Problem {
    static func nameReserved(_ name: String) -> Problem {
        let detail =
            "the name '\(name)' is reserved: the audit log uses it, or a configured token has it; choose another name"
        return Problem(status: 409, code: .tokenNameReserved, detail: detail)
    }
}
