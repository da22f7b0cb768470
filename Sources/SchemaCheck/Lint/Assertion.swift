import ContractCompiler
import JSONSchema
import Patterns

/// An assertion of a configurable rule. There are seventeen kinds.
struct Assertion {
    /// A violation of the assertion.
    struct Problem {
        let text: String
        let location: Location
        let pointer: String
    }

    /// The kind of assertion, with its parameters.
    private enum Requirement {
        case matches(Pattern, isExpected: Bool)
        case isOneOf([Node])
        case contains(Node)
        case isDefined(Bool)
        case isEmpty(Bool)
        case length(isMaximum: Bool, Int)
        case casing(Casing)
        case sorted(isDescending: Bool, by: String?)
        case hasAll([String])
        case hasAny([String])
        case hasNone([String])
        case hasAtMostOne([String])
        case hasAllOrNone([String])
        case isReference(Bool)
        case referenceMatches(Pattern)
    }

    private static let names = [
        "pattern", "notPattern", "enum", "const", "contains", "defined", "required", "requireAny", "disallowed",
        "nonEmpty",
        "minLength", "maxLength", "casing", "sortOrder", "mutuallyExclusive", "mutuallyRequired", "ref",
    ]

    private let requirement: Requirement

    /// Reads an assertion. Returns nil if it is invalid; `log` then has the reason.
    init?(_ member: Node.Member, log: inout [Finding]) {
        let value = member.value
        let words = (value.items ?? [value]).compactMap { $0.scalar?.text }
        let requirement: Requirement? =
            switch member.key {
            case "pattern": Self.pattern(value, log: &log).map { .matches($0, isExpected: true) }
            case "notPattern": Self.pattern(value, log: &log).map { .matches($0, isExpected: false) }
            case "enum": .isOneOf(value.items ?? [value])
            case "const": .isOneOf([value])
            case "contains": .contains(value)
            case "defined": value.boolean.map { .isDefined($0) }
            case "nonEmpty": value.boolean.map { .isEmpty(!$0) }
            case "minLength": value.integer.map { .length(isMaximum: false, $0) }
            case "maxLength": value.integer.map { .length(isMaximum: true, $0) }
            case "casing": Casing(rawValue: words.first ?? "").map { .casing($0) }
            case "sortOrder":
                .sorted(isDescending: (value["direction"] ?? value).string == "desc", by: value["property"]?.string)
            case "required": .hasAll(words)
            case "requireAny": .hasAny(words)
            case "disallowed": .hasNone(words)
            case "mutuallyExclusive": .hasAtMostOne(words)
            case "mutuallyRequired": .hasAllOrNone(words)
            case "ref":
                value.boolean.map { .isReference($0) } ?? Self.pattern(value, log: &log).map { .referenceMatches($0) }
            default: nil
            }
        guard let requirement else {
            let suggestion = Suggestion.text(for: member.key, in: Self.names)
            let message =
                Self.names.contains(member.key)
                ? "'\(words.joined(separator: ", "))' is not a valid value for '\(member.key)'"
                : "unknown assertion '\(member.key)'\(suggestion)"
            log.append(LintConfiguration.fault(message, at: value))
            return nil
        }
        self.requirement = requirement
    }

    /// A regular expression, with or without slashes around it.
    static func pattern(_ node: Node, log: inout [Finding]) -> Pattern? {
        var text = node.scalar?.text ?? ""
        if let match = text.wholeMatch(of: #/\/(.*)\/([a-z]*)/#) { text = String(match.1) }
        do throws(PatternError) {
            return try Pattern(text)
        } catch {
            log.append(LintConfiguration.fault("'\(text)' is not a regular expression: \(error)", at: node))
            return nil
        }
    }

    /// The problems of an object: in the values of its properties, or in the names of its members.
    func problems(of visit: Visit, properties: [String]) -> [Problem] {
        guard !properties.isEmpty else {
            let names = (visit.node.members ?? []).map(\.key)
            if let text = problem(ofObject: visit, names) { return [Problem(text, visit.node)] }
            return (visit.node.members ?? []).compactMap { member in
                problem(of: Node.text(member.key, like: member.value)).map {
                    Problem(text: $0, location: member.keyLocation, pointer: member.value.pointer)
                }
            }
        }
        return properties.flatMap { name -> [Problem] in
            let value = visit.node[name]
            if case .isDefined(let isExpected) = requirement {
                if (value != nil) == isExpected { return [] }
                return [Problem("'\(name)' is \(isExpected ? "missing" : "not allowed")", value ?? visit.node)]
            }
            if case .isEmpty(let isExpected) = requirement, value.map(\.isEmpty) ?? true != isExpected {
                return [Problem("'\(name)' is \(isExpected ? "not empty" : "empty or missing")", value ?? visit.node)]
            }
            guard let value else { return [] }
            if let text = problem(ofValue: value) { return [Problem("'\(name)' \(text)", value)] }
            let items = value.items ?? [value]
            return items.compactMap { item in problem(of: item).map { Problem("'\(name)': \($0)", item) } }
        }
    }

    /// The problem of an object, judged by the names of its members.
    private func problem(ofObject visit: Visit, _ names: [String]) -> String? {
        switch requirement {
        case .isDefined(let isExpected): return isExpected ? nil : "it is not allowed"
        case .isEmpty(let isExpected):
            return names.isEmpty == isExpected ? nil : "it is \(isExpected ? "not " : "")empty"
        case .hasAll(let expected):
            let missing = expected.filter { !names.contains($0) }
            return missing.isEmpty ? nil : "\(Self.list(missing)) missing"
        case .hasAny(let expected):
            return expected.contains(where: names.contains)
                ? nil : "none of \(expected.joined(separator: ", ")) is present"
        case .hasNone(let refused):
            let found = refused.filter(names.contains)
            return found.isEmpty ? nil : "\(Self.list(found)) not allowed"
        case .hasAtMostOne(let exclusive):
            let found = exclusive.filter(names.contains)
            return found.count < 2 ? nil : "\(found.joined(separator: " and ")) are mutually exclusive"
        case .hasAllOrNone(let together):
            let found = together.filter(names.contains)
            return found.isEmpty || found.count == together.count
                ? nil : "\(together.joined(separator: ", ")) must be used together"
        case .isReference(let isExpected):
            return (visit.reference != nil) == isExpected
                ? nil : isExpected ? "it is not a reference" : "it is a reference"
        case .referenceMatches(let pattern):
            guard let text = visit.reference?.string else { return "it is not a reference" }
            return pattern.matches(text) ? nil : "the reference '\(text)' does not match \(pattern.source)"
        case .contains, .sorted, .length: return problem(ofValue: visit.node)
        case .matches, .isOneOf, .casing: return nil
        }
    }

    /// The problem of a value as a whole.
    private func problem(ofValue value: Node) -> String? {
        switch requirement {
        case .length(let isMaximum, let limit):
            guard let count = value.items?.count ?? value.members?.count ?? value.string?.count else { return nil }
            if isMaximum ? count <= limit : count >= limit { return nil }
            return "has the length \(count), expected at \(isMaximum ? "most" : "least") \(limit)"
        case .contains(let part):
            if let items = value.items {
                return items.contains { $0.isEqual(to: part) } ? nil : "lacks \(NodeWriter.compactJSON(part))"
            }
            guard let text = value.string, let part = part.scalar?.text else { return nil }
            return text.contains(part) ? nil : "does not contain '\(part)'"
        case .sorted(let isDescending, let property):
            let items = value.items ?? (value.members ?? []).map { Node.text($0.key, like: $0.value) }
            let texts = items.map { item in
                (property.flatMap { item[$0] } ?? item).scalar?.text ?? ""
            }
            let isSorted = zip(texts, texts.dropFirst()).allSatisfy { isDescending ? $0 >= $1 : $0 <= $1 }
            return isSorted ? nil : "is not in \(isDescending ? "descending" : "ascending") order"
        case .hasAll, .hasAny, .hasNone, .hasAtMostOne, .hasAllOrNone:
            guard let members = value.members else { return nil }
            let visit = Visit(
                kind: .root,
                node: value,
                key: "",
                keyLocation: value.location,
                parent: nil,
                reference: nil
            )
            return problem(ofObject: visit, members.map(\.key))
        case .isReference(let isExpected):
            return (value["$ref"] != nil) == isExpected ? nil : isExpected ? "is not a reference" : "is a reference"
        case .referenceMatches(let pattern):
            guard let text = value["$ref"]?.string else { return "is not a reference" }
            return pattern.matches(text) ? nil : "refers to '\(text)', which does not match \(pattern.source)"
        default: return nil
        }
    }

    /// The problem of one value or name.
    private func problem(of value: Node) -> String? {
        switch requirement {
        case .matches(let pattern, let isExpected):
            guard let text = value.scalar?.text, pattern.matches(text) != isExpected else { return nil }
            return "'\(text)' \(isExpected ? "does not match" : "matches") \(pattern.source)"
        case .isOneOf(let values):
            if values.contains(where: { $0.isEqual(to: value) }) { return nil }
            let expected = values.map(NodeWriter.compactJSON).joined(separator: ", ")
            return "\(NodeWriter.compactJSON(value)), expected \(values.count == 1 ? "" : "one of ")\(expected)"
        case .casing(let casing):
            guard let text = value.scalar?.text, !casing.matches(text) else { return nil }
            return "'\(text)' is not in \(casing.rawValue)"
        default: return nil
        }
    }

    private static func list(_ names: [String]) -> String {
        "\(names.map { "'\($0)'" }.joined(separator: ", ")) \(names.count == 1 ? "is" : "are")"
    }
}

extension Assertion.Problem {
    fileprivate init(_ text: String, _ node: Node) {
        self.init(text: text, location: node.location, pointer: node.pointer)
    }
}

extension Node {
    /// A string at the location of another node.
    static func text(_ text: String, like node: Node) -> Node {
        Node(value: .scalar(.init(kind: .string, text: text)), location: node.location, pointer: node.pointer)
    }

    /// Whether the value has no content.
    fileprivate var isEmpty: Bool {
        switch value {
        case .scalar(let scalar): scalar.kind == .null || scalar.text.allSatisfy(\.isWhitespace)
        case .sequence(let items): items.isEmpty
        case .mapping(let members): members.isEmpty
        }
    }
}
