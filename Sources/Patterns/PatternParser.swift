/// Reads the text of an expression (ECMA-262, 22.2.1, with the `u` flag).
struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var depth = 0

    /// The maximum nesting of groups, so that no text can exhaust the stack.
    private static let maximumDepth = 100
    /// The maximum count in braces.
    private static let maximumCount = 10_000

    /// Whether back-references are accepted, as if they matched the empty text, instead of rejected.
    private let skipsBackReferences: Bool

    /// Whether syntax that only the `u` flag forbids is accepted as engines read it without the flag (ECMA-262, annex B.1.2): unnecessary
    /// escapes and literal brackets. Many contracts use it, and it is not ambiguous.
    private let isTolerant: Bool

    init(_ source: String, skipsBackReferences: Bool = false, isTolerant: Bool = true) {
        scalars = Array(source.unicodeScalars)
        self.skipsBackReferences = skipsBackReferences
        self.isTolerant = isTolerant
    }

    mutating func parse() throws(PatternError) -> PatternNode {
        let node = try alternatives()
        guard peek == nil else { throw error("')' without '('") }
        return node
    }

    private var peek: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private func error(_ message: String, at offset: Int? = nil) -> PatternError {
        PatternError(message: message, offset: offset ?? index)
    }

    private mutating func skip(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard scalars[index...].starts(with: wanted) else { return false }
        index += wanted.count
        return true
    }

    // MARK: - Structure

    private mutating func alternatives() throws(PatternError) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw error("more than \(Self.maximumDepth) nested groups") }
        var branches = [try sequence()]
        while skip("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var terms: [PatternNode] = []
        while let scalar = peek, scalar != "|", scalar != ")" { terms.append(try term()) }
        return terms.isEmpty ? .empty : terms.count == 1 ? terms[0] : .sequence(terms)
    }

    private mutating func term() throws(PatternError) -> PatternNode {
        let start = index
        let (node, isQuantifiable) = try atom()
        guard let (minimum, maximum) = try quantifier() else { return node }
        guard isQuantifiable else { throw error("a quantifier without anything to repeat", at: start) }
        return .repeated(node, minimum: minimum, maximum: maximum)
    }

    private mutating func atom() throws(PatternError) -> (PatternNode, isQuantifiable: Bool) {
        switch scalars[index] {
        case "^":
            index += 1
            return (.start, false)
        case "$":
            index += 1
            return (.end, false)
        case "(": return try group()
        case "[": return (.set(try characterClass()), true)
        case ".":
            index += 1
            return (.set(ScalarSet(ScalarSet.lineTerminators, isNegated: true)), true)
        case "\\":
            if skip("\\b") { return (.wordBoundary(isNegated: false), false) }
            if skip("\\B") { return (.wordBoundary(isNegated: true), false) }
            return (.set(try escape(inClass: false)), true)
        case let scalar where isTolerant && !isQuantifier && (scalar == "{" || scalar == "}" || scalar == "]"):
            index += 1
            return (.set(ScalarSet(scalar)), true)
        case "*", "+", "?", "{", "}", "]": throw error("'\(scalars[index])' where a character or a group was expected")
        case let scalar:
            index += 1
            return (.set(ScalarSet(scalar)), true)
        }
    }

    private mutating func group() throws(PatternError) -> (PatternNode, isQuantifiable: Bool) {
        let start = index
        let kinds: [(String, look: (isBehind: Bool, isNegated: Bool)?)] = [
            ("(?:", nil), ("(?=", (false, false)), ("(?!", (false, true)), ("(?<=", (true, false)),
            ("(?<!", (true, true)),
        ]
        for (opening, look) in kinds where skip(opening) {
            let node = try closed(from: start)
            guard let look else { return (node, true) }
            return (.look(node, isBehind: look.isBehind, isNegated: look.isNegated), false)
        }
        if skip("(?<") {
            try groupName()
        } else if skip("(?") {
            throw error("unknown kind of group", at: start)
        } else {
            index += 1
        }
        return (try closed(from: start), true)
    }

    private mutating func closed(from start: Int) throws(PatternError) -> PatternNode {
        let node = try alternatives()
        guard skip(")") else { throw error("'(' without ')'", at: start) }
        return node
    }

    private mutating func groupName() throws(PatternError) {
        let start = index
        while let scalar = peek, scalar.properties.isIDContinue || scalar == "$" || scalar == "_" { index += 1 }
        guard index > start, skip(">") else { throw error("a group name without '>'", at: start) }
    }

    private mutating func quantifier() throws(PatternError) -> (minimum: Int, maximum: Int?)? {
        let start = index
        let bounds: (Int, Int?)
        if skip("*") {
            bounds = (0, nil)
        } else if skip("+") {
            bounds = (1, nil)
        } else if skip("?") {
            bounds = (0, 1)
        } else if isTolerant, peek == "{", !isQuantifier {
            return nil
        } else if skip("{") {
            guard let minimum = number() else { throw error("'{' without a count", at: start) }
            var maximum: Int? = minimum
            if skip(",") { maximum = number() }
            guard skip("}") else { throw error("'{' without '}'", at: start) }
            if let maximum, maximum < minimum { throw error("the minimum count is above the maximum count", at: start) }
            if max(minimum, maximum ?? 0) > Self.maximumCount {
                throw error("a count above \(Self.maximumCount)", at: start)
            }
            bounds = (minimum, maximum)
        } else {
            return nil
        }
        // A lazy repetition captures differently but matches the same texts.
        _ = skip("?")
        return bounds
    }

    /// Whether a count in braces is next.
    private var isQuantifier: Bool {
        guard peek == "{" else { return false }
        var rest = scalars[(index + 1)...]
        let digits = rest.prefix { $0.decimalValue != nil }.count
        rest = rest.dropFirst(digits)
        if rest.first == "," { rest = rest.dropFirst().drop { $0.decimalValue != nil } }
        return digits > 0 && rest.first == "}"
    }

    /// Reads digits. The value saturates, because the limit is checked later.
    private mutating func number() -> Int? {
        let start = index
        var value = 0
        while let scalar = peek, let digit = scalar.decimalValue {
            value = min(value * 10 + digit, 1_000_000)
            index += 1
        }
        return index > start ? value : nil
    }

    // MARK: - Characters

    private mutating func characterClass() throws(PatternError) -> ScalarSet {
        let start = index
        index += 1
        var set = ScalarSet()
        let isNegated = skip("^")
        while let scalar = peek, scalar != "]" {
            let rangeStart = index
            let first = try classMember()
            guard index + 1 < scalars.count, peek == "-", scalars[index + 1] != "]" else {
                set.formUnion(first.set)
                continue
            }
            index += 1
            let last = try classMember()
            guard let low = first.scalar, let high = last.scalar else {
                if isTolerant {
                    set.formUnion(first.set)
                    set.formUnion(last.set)
                    set.formUnion(ScalarSet("-"))
                    continue
                }
                throw error("a range whose bound is a set", at: rangeStart)
            }
            guard low <= high else { throw error("a range that ends before it starts", at: rangeStart) }
            set.formUnion(ScalarSet([low.value...high.value]))
        }
        guard skip("]") else { throw error("'[' without ']'", at: start) }
        set.isNegated = isNegated
        return set
    }

    private mutating func classMember() throws(PatternError) -> (set: ScalarSet, scalar: Unicode.Scalar?) {
        guard let scalar = peek else { throw error("'[' without ']'") }
        guard scalar == "\\" else {
            index += 1
            return (ScalarSet(scalar), scalar)
        }
        let set = try escape(inClass: true)
        let single = set.ranges.count == 1 && set.properties.isEmpty && !set.isNegated ? set.ranges[0] : nil
        return (set, single.flatMap { $0.count == 1 ? Unicode.Scalar($0.lowerBound) : nil })
    }

    private mutating func escape(inClass: Bool) throws(PatternError) -> ScalarSet {
        let start = index
        index += 1
        guard let scalar = peek else { throw error("a backslash at the end", at: start) }
        index += 1
        switch scalar {
        case "d": return .digits
        case "D": return ScalarSet.digits.negated
        case "w": return .word
        case "W": return ScalarSet.word.negated
        case "s": return .space
        case "S": return ScalarSet.space.negated
        case "p", "P": return try property(isNegated: scalar == "P", from: start)
        case "t": return ScalarSet("\t")
        case "n": return ScalarSet("\n")
        case "v": return ScalarSet("\u{B}")
        case "f": return ScalarSet("\u{C}")
        case "r": return ScalarSet("\r")
        case "b" where inClass: return ScalarSet("\u{8}")
        case "-" where inClass: return ScalarSet("-")
        case "0" where peek?.decimalValue == nil: return ScalarSet("\0")
        case "c": return ScalarSet(try control(from: start))
        case "x": return ScalarSet(try hexadecimal(digits: 2, from: start))
        case "u": return ScalarSet(try unicode(from: start))
        case "^", "$", "\\", ".", "*", "+", "?", "(", ")", "[", "]", "{", "}", "|", "/": return ScalarSet(scalar)
        case "1"..."9" where skipsBackReferences && !inClass:
            while let digit = peek, ("0"..."9").contains(digit) { index += 1 }
            return ScalarSet(scalar)
        case "k" where skipsBackReferences && !inClass:
            guard skip("<"), let end = scalars[index...].firstIndex(of: ">"), end > index else {
                throw error("a back-reference without a name", at: start)
            }
            index = end + 1
            return ScalarSet(scalar)
        case "1"..."9", "k": throw error("back-references are not supported", at: start)
        case let scalar
        where isTolerant && scalar.isASCII && !scalar.properties.isAlphabetic && scalar.decimalValue == nil:
            return ScalarSet(scalar)
        default: throw error("'\\\(scalar)' is not an escape sequence", at: start)
        }
    }

    private mutating func control(from start: Int) throws(PatternError) -> Unicode.Scalar {
        guard let letter = peek, letter.isASCII, letter.properties.isAlphabetic,
            let scalar = Unicode.Scalar(letter.value % 32)
        else { throw error("'\\c' without a letter", at: start) }
        index += 1
        return scalar
    }

    private mutating func hexadecimal(digits: Int, from start: Int) throws(PatternError) -> Unicode.Scalar {
        guard let value = hexadecimalValue(digits: digits), let scalar = Unicode.Scalar(value) else {
            throw error("an escape without \(digits) hexadecimal digits", at: start)
        }
        return scalar
    }

    private mutating func hexadecimalValue(digits: Int) -> UInt32? {
        guard index + digits <= scalars.count else { return nil }
        let text = String(String.UnicodeScalarView(scalars[index..<index + digits]))
        guard text.allSatisfy(\.isHexDigit), let value = UInt32(text, radix: 16) else { return nil }
        index += digits
        return value
    }

    /// Reads `\u{1F600}`, `\u00e9`, or a surrogate pair.
    private mutating func unicode(from start: Int) throws(PatternError) -> Unicode.Scalar {
        if skip("{") {
            let digits = scalars[index...].prefix { $0 != "}" }.count
            guard (1...6).contains(digits), let value = hexadecimalValue(digits: digits), skip("}"),
                let scalar = Unicode.Scalar(value)
            else { throw error("'\\u{' without a code point", at: start) }
            return scalar
        }
        guard let first = hexadecimalValue(digits: 4) else {
            throw error("an escape without 4 hexadecimal digits", at: start)
        }
        if let scalar = Unicode.Scalar(first) { return scalar }
        if first < 0xDC00, skip("\\u"), let second = hexadecimalValue(digits: 4), (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        {
            return scalar
        }
        throw error("unpaired surrogate", at: start)
    }

    private mutating func property(isNegated: Bool, from start: Int) throws(PatternError) -> ScalarSet {
        guard skip("{") else { throw error("'\\p' without '{'", at: start) }
        let name = String(String.UnicodeScalarView(scalars[index...].prefix { $0 != "}" }))
        index += name.unicodeScalars.count
        guard skip("}") else { throw error("'\\p{' without '}'", at: start) }
        guard let property = UnicodeProperty.named(name) else {
            throw error("the Unicode property '\(name)' is not supported", at: start)
        }
        return ScalarSet(property, isNegated: isNegated)
    }
}

extension Unicode.Scalar {
    /// The value of an ASCII digit.
    fileprivate var decimalValue: Int? { ("0"..."9").contains(self) ? Int(value - 0x30) : nil }
}
