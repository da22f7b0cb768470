/// The reason why a token is easily guessed. Generated tokens never are; this checks tokens that people choose.
struct TokenWeakness {
    /// Completes the phrase "a token that …".
    let text: String

    /// The minimum length of a token.
    private static let length = 12
    /// The minimum number of characters after common words are removed.
    private static let remainder = 8
    /// Common words, and the words of our instructions.
    private static let words = [
        "administrator", "qwertyuiop", "production", "benchmark", "password", "flotilla", "operator", "asdfghjkl",
        "default", "example", "letmein", "replace", "staging", "trading", "welcome", "qwerty", "access", "change",
        "insert", "passwd", "please", "secret", "server", "admin", "agent", "local", "super", "token", "host", "auth",
        "demo", "here", "pass", "prod", "root", "temp", "test", "this", "user", "your", "bot", "dev", "key", "new",
        "now", "old", "the", "try", "api",
    ]

    /// Returns nil if the token is hard to guess.
    init?(_ token: String) {
        let bytes = token.utf8.map { $0.isCapital ? $0 | 0x20 : $0 }
        if token.unicodeScalars.count < Self.length {
            text = "has fewer than \(Self.length) characters"
        } else if Set(bytes).count < 6 || Self.repeats(bytes) || Self.isSequence(bytes) {
            text = "follows a simple pattern"
        } else if Self.isMadeOfWords(bytes) {
            text = "consists of common words"
        } else {
            return nil
        }
    }

    /// Whether the token repeats a short text.
    private static func repeats(_ bytes: [UInt8]) -> Bool {
        (1..<length).contains { period in
            bytes.count >= 2 * period && zip(bytes, bytes.dropFirst(period)).allSatisfy { $0 == $1 }
        }
    }

    /// Whether most of the token counts up or down, as `123456789012` does.
    private static func isSequence(_ bytes: [UInt8]) -> Bool {
        let steps = zip(bytes, bytes.dropFirst()).count { max($0, $1) - min($0, $1) <= 1 }
        return steps * 4 >= (bytes.count - 1) * 3
    }

    private static func isMadeOfWords(_ bytes: [UInt8]) -> Bool {
        // Separators between words do not make a token harder to guess. Bytes of other alphabets do.
        var rest = bytes.filter { $0.isLetterOrDigit || $0 >= 0x80 }
        var hasWords = false
        for word in words.map({ Array($0.utf8) }) {
            while let place = rest.firstRange(of: word) {
                rest.removeSubrange(place)
                hasWords = true
            }
        }
        return hasWords && (rest.count < remainder || repeats(rest) || isSequence(rest))
    }
}

extension UInt8 {
    fileprivate var isCapital: Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) }

    fileprivate var isLetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: false
        }
    }
}
