/// A regular expression of JSON Schema: ECMA-262 with the `u` flag, matched anywhere in a text.
///
/// All alternatives are followed at once, so the time is at most proportional to the length of the text times the size of the expression,
/// including look-around. There is no backtracking. Back-references, which such a machine cannot follow, and Unicode properties that Swift
/// does not provide, such as scripts, are errors.
public struct Pattern: Sendable {
    /// The source of the expression.
    public let source: String
    private let machine: Machine

    private enum Machine {
        case set(RepeatedSet)
        case program(PatternProgram)
    }

    /// Reads an expression. The error has the reason and the position.
    public init(_ source: String) throws(PatternError) {
        var parser = PatternParser(source)
        let node = try parser.parse()
        self.source = source
        machine = if let set = RepeatedSet(node) { .set(set) } else { .program(try PatternProgram(node)) }
    }

    /// Whether `source` is a regular expression, including back-references, as the format `regex` requires.
    public static func isExpression(_ source: String) -> Bool {
        var parser = PatternParser(source, skipsBackReferences: true, isTolerant: false)
        return (try? parser.parse()) != nil
    }

    /// Whether the expression matches somewhere in `text`.
    public func matches(_ text: some StringProtocol) -> Bool {
        switch machine {
        case .set(let set): return set.matches(text)
        case .program(let program):
            var matcher = PatternMatcher(Array(text.unicodeScalars))
            return matcher.search(program)
        }
    }
}

extension Pattern: Hashable {
    public static func == (lhs: Pattern, rhs: Pattern) -> Bool { lhs.source == rhs.source }

    public func hash(into hasher: inout Hasher) { hasher.combine(source) }
}

/// An invalid regular expression.
public struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The reason.
    public let message: String
    /// The offset in code points from the start.
    public let offset: Int

    /// The message with the position.
    // traps: the offset is a position in a text in memory.
    public var description: String { "\(message) at character \(offset + 1)" }
}
