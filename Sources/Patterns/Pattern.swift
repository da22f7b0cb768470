/// A regular expression as JSON Schema means it: ECMA-262 with the `u` flag, searched for anywhere in a text.
///
/// It is carried out by following all alternatives at once, so its time grows with the length of the text times the size of the
/// expression, look-around included; no expression backtracks. Left out are back-references, which no such machine can follow, and
/// the properties of Unicode that Swift does not know, such as scripts: both are errors.
public struct Pattern: Sendable {
    /// The expression as it was written.
    public let source: String
    private let machine: Machine

    private enum Machine {
        case set(RepeatedSet)
        case program(PatternProgram)
    }

    /// Reads an expression; the error says what is wrong and where.
    public init(_ source: String) throws(PatternError) {
        var parser = PatternParser(source)
        let node = try parser.parse()
        self.source = source
        machine = if let set = RepeatedSet(node) { .set(set) } else { .program(try PatternProgram(node)) }
    }

    /// Whether `source` is an expression at all, back-references included: what the format `regex` asks.
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

/// A regular expression that cannot be used.
public struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public let message: String
    /// Where, in code points from the start.
    public let offset: Int

    /// The message with its place.
    // traps: the offset is a place in a text in memory.
    public var description: String { "\(message) at character \(offset + 1)" }
}
