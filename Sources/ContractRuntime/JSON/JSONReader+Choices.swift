/// The type of a JSON value.
public enum JSONType: String, Sendable {
    case null, boolean, number, string, array, object
}

// Used by generated codecs to choose among several types.
extension JSONReader {
    /// The type of the next value.
    public mutating func nextType() throws(JSONSyntaxError) -> JSONType {
        switch try peek() {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .boolean
        case UInt8(ascii: "n"): .null
        default: .number
        }
    }

    /// The string value of a member of the next object, without reading the object. Returns nil if the value is not an object, or has no
    /// such string member.
    public mutating func text(ofMember name: String) throws(JSONSyntaxError) -> String? {
        guard try nextType() == .object else { return nil }
        let start = mark
        defer { reset(to: start) }
        guard try beginObject() else { return nil }
        while let key = try nextName() {
            if key.withBytes({ $0.elementsEqual(name.utf8) }) {
                return try nextType() == .string ? try readText().string : nil
            }
            try skipValue()
        }
        return nil
    }

    /// The number of the branch that the next value matches. Returns nil and records a violation if there is none.
    ///
    /// - Parameters:
    ///   - branches: The numbers of the possible branches, in the order in which they are tried.
    ///   - rules: The rules of all branches.
    ///   - isExclusive: Whether exactly one branch must match (`oneOf`).
    public mutating func choose(_ branches: [Int], of rules: [Rule], isExclusive: Bool) throws(JSONSyntaxError) -> Int?
    {
        let start = mark
        guard let value = try JSONValue(from: &self) else { return nil }
        let end = mark
        var evaluator = RuleEvaluator(direction: direction)
        var holding: [Int] = []
        for branch in branches where holding.isEmpty || isExclusive {
            if evaluator.holds(rules[branch], for: value) { holding.append(branch) }
        }
        if let message = evaluator.failure { throw error(message) }
        if holding.count == 1, let only = holding.first {
            reset(to: start)
            return only
        }
        let keyword = isExclusive ? "oneOf" : "anyOf"
        let found = holding.isEmpty ? "none" : "\(holding.count)"
        let expected = isExclusive ? "exactly one" : "at least one"
        reject(keyword, "\(found) of \(branches.count) alternatives match, expected \(expected)", at: start.index)
        reset(to: end)
        return nil
    }

    /// Records a value whose type matches no branch, and skips it.
    public mutating func rejectType(_ expected: [String]) throws(JSONSyntaxError) {
        try rejectType(expected.joined(separator: " or "))
    }

    /// Records an object whose member `name` matches no branch, and skips it.
    public mutating func rejectChoice(by name: String, _ expected: [String], keyword: String) throws(JSONSyntaxError) {
        let start = try position()
        let found =
            try text(ofMember: name).map { "\"\(name)\" is \"\($0)\"" } ?? "\"\(name)\" is missing or not a string"
        try skipValue()
        reject(keyword, "\(found), expected one of \(expected.joined(separator: ", "))", at: start)
    }

    /// Checks the value that was just read, from `start`, against the rule for everything beyond its type.
    public mutating func check(_ rule: Rule, from start: Int) throws(JSONSyntaxError) {
        guard !findings.isFull else { return }
        let text = UnsafeRawBufferPointer(rebasing: bytes[start..<index])
        var reader = JSONReader(text, allowsNUL: true)
        guard let value = try JSONValue(from: &reader) else { return }
        var evaluator = RuleEvaluator(direction: direction)
        let found = evaluator.violations(of: rule, for: value)
        if let message = evaluator.failure { throw error(message) }
        for violation in found {
            findings.add(
                violation.keyword,
                violation.message,
                at: start,
                below: violation.pointer,
                unlessKnown: true
            )
        }
    }

    /// Records an array that is shorter than its required items.
    public mutating func requireItems(_ count: Int, found: Int, at start: Int) {
        if found < count { reject("minItems", "item count \(found), expected at least \(count)", at: start) }
    }
}
