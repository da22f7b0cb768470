/// Writes the expressions that read values and check their constraints.
enum ValueReader {
    /// The expression that reads a value. It is nil if the value is invalid.
    static func read(_ value: Value, of name: String?) -> String {
        value.isNullable
            ? "try json.skipNull() ? .some(nil) : \(readPresent(value, of: name))" : readPresent(value, of: name)
    }

    /// The expression that reads a value other than null.
    static func readPresent(_ value: Value, of name: String?) -> String {
        switch value.kind {
        case .string(let constraints): "try json.string(\(arguments(constraints, of: name)))"
        case .integer(let minimum, let maximum):
            "try json.integer(\(arguments(("minimum", minimum), ("maximum", maximum))))"
        case .number(let minimum, let maximum):
            "try json.number(\(arguments(("minimum", minimum), ("maximum", maximum))))"
        case .decimal(let minimum, let maximum, let patterns):
            "try json.decimal(\(arguments(("minimum", minimum.map(decimal)), ("maximum", maximum.map(decimal)), ("patterns", expression(patterns, of: name)))))"
        case .boolean: "try json.boolean()"
        case .timestamp: "try json.timestamp()"
        case .date: "try json.date()"
        case .uuid: "try json.uuid()"
        case .bytes: "try json.base64()"
        case .null: "try json.null()"
        case .any: "try json.value()"
        case .object: "try json.object()"
        case .file: "try FilePart(from: &json)"
        case .named(let name): "try \(name)(from: &json)"
        case .map(let element): collection("map", element, [], name)
        case .array(let element, let minItems, let maxItems):
            collection("array", element, [arguments(("minItems", minItems), ("maxItems", maxItems))], name)
        }
    }

    private static func collection(_ function: String, _ element: Value, _ bounds: [String], _ name: String?) -> String
    {
        let bounds = bounds.filter { !$0.isEmpty }
        if isPlainElement(element) {
            return "try json.\(function)(\((["of: \(element.swiftType).self"] + bounds).lines(", ")))"
        }
        return """
            try json.\(function)\(bounds.isEmpty ? "" : "(\(bounds.lines(", ")))") { (json) throws(JSONSyntaxError) -> \(element.optionalType)? in
                    \(read(element, of: name).indented())
                }
            """
    }

    /// Whether the element's type reads all of it. The enclosing type checks its rule.
    private static func isPlainElement(_ element: Value) -> Bool {
        var element = element
        element.rule = nil
        if case .array = element.kind { return false }
        if case .map = element.kind { return false }
        return element.isPlain
    }

    /// The constraints of a string. Its pattern is a constant named after `name`, or inline without a name.
    static func arguments(_ constraints: TextConstraints, of name: String?) -> String {
        let pattern = constraints.pattern.map { pattern in
            name.map { "Self.\(patternName($0))" } ?? "Pattern(checked: \(SwiftWriter.rawLiteral(pattern)))"
        }
        return [
            arguments(("minLength", constraints.minLength), ("maxLength", constraints.maxLength)),
            arguments(("pattern", pattern)), arguments(("format", constraints.format.map { ".\($0)" })),
        ].filter { !$0.isEmpty }.lines(", ")
    }

    /// The patterns that the text of a decimal must match; nil if there are none.
    private static func expression(_ patterns: [String], of name: String?) -> String? {
        if patterns.isEmpty { return nil }
        return name.map { "Self.\(patternName($0))s" } ?? list(patterns)
    }

    private static func list(_ patterns: [String]) -> String {
        "[\(patterns.map { "Pattern(checked: \(SwiftWriter.rawLiteral($0)))" }.lines(", "))]"
    }

    private static func decimal(_ literal: String) -> String { "Decimal(checked: \(SwiftWriter.literal(literal)))" }

    /// The arguments that have a value.
    static func arguments<Value>(_ arguments: (String, Value?)...) -> String {
        arguments.compactMap { name, value in value.map { "\(name): \($0)" } }.joined(separator: ", ")
    }

    /// The constants for the patterns of values, by the Swift names of their owners.
    static func constants(_ values: [(name: String, value: Value)]) -> [String] {
        values.compactMap { name, value in
            switch constrained(value) {
            case .string(let constraints):
                constraints.pattern.map {
                    "private static let \(patternName(name)) = Pattern(checked: \(SwiftWriter.rawLiteral($0)))"
                }
            case .decimal(_, _, let patterns) where !patterns.isEmpty:
                "private static let \(patternName(name))s = \(list(patterns))"
            default: nil
            }
        }
    }

    /// The type of the value, or of its elements.
    private static func constrained(_ value: Value) -> Value.Kind {
        switch value.kind {
        case .array(let element, _, _), .map(let element): constrained(element)
        case let kind: kind
        }
    }

    private static func patternName(_ name: String) -> String { name.filter { $0 != "`" } + "Pattern" }
}
