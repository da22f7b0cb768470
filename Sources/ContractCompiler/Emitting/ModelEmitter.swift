/// The Swift text of a model: its type, and the codec that reads and validates it in one pass.
enum ModelEmitter {
    static func model(_ model: Model) -> String {
        switch model.shape {
        case .structure(let properties, let allowsOthers): structure(model, properties, allowsOthers)
        case .enumeration(let cases): enumeration(model, cases)
        case .alias(let value):
            """
            \(doc(model))
            public typealias \(model.name) = \(value.swiftType)
            """
        }
    }

    private static func doc(_ model: Model) -> String {
        SwiftWriter.doc(model.description, origin: model.node.origin)
    }

    // MARK: - Structures

    private static func structure(_ model: Model, _ properties: [Property], _ allowsOthers: Bool) -> String {
        """
        \(doc(model))
        public struct \(model.name): ContractModel {
            \(properties.map(declaration).lines().indented())

            /// A value with these members.
            public init(
                \(properties.map(argument).lines(",\n").indented(2))
            ) {
                \(properties.map { "self.\($0.swiftName) = \($0.swiftName)" }.lines().indented(2))
            }

            enum CodingKeys: String, CodingKey {
                \(properties.map { "case \($0.swiftName) = \(SwiftWriter.literal($0.name))" }.lines().indented(2))
            }
        }

        extension \(model.name) {
            \(constants(properties).lines().indented())

            \(reader(properties, allowsOthers).indented())

            \(writer(properties).indented())
        }
        """
    }

    private static func constants(_ properties: [Property]) -> [String] {
        let names = properties.map { SwiftWriter.literal($0.name) }.lines(", ")
        return ["private static let memberNames = [\(names)]"]
            + SwiftWriter.patterns(properties.map { ($0.swiftName, $0.value) })
    }

    private static func declaration(_ property: Property) -> String {
        """
        \(SwiftWriter.doc(property.description, origin: property.node.origin))
        public var \(property.swiftName): \(type(property))
        """
    }

    private static func argument(_ property: Property) -> String {
        let standIn =
            property.defaultValue.map { " = \($0.expression)" }
            ?? (property.isOptional && !property.isRequired ? " = nil" : "")
        return "\(property.swiftName): \(type(property))\(standIn)"
    }

    private static func type(_ property: Property) -> String {
        property.value.swiftType + (property.isOptional ? "?" : "")
    }

    private static func reader(_ properties: [Property], _ allowsOthers: Bool) -> String {
        let required = properties.enumerated().reduce(UInt64(0)) {
            $1.element.isRequired ? $0 | 1 << UInt64($1.offset) : $0
        }
        let unwrapped = properties.filter { !$0.isOptional }.map { "let \(local($0, among: properties))" }
        let check = unwrapped.isEmpty ? "" : "\n    guard \(unwrapped.lines(", ")) else { return nil }"
        return """
            /// Reads and validates one value.
            public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
                let start = try json.position()
                guard try json.beginObject() else { return nil }
                \(properties.map { variable($0, local($0, among: properties)) }.lines().indented())
                var seen: UInt64 = 0
                while let key = try json.nextKey() {
                    switch key {
                    \(properties.enumerated().map { readCase($0.offset, $0.element, local($0.element, among: properties)) }.lines().indented(2))
                    default: try json.\(allowsOthers ? "skipValue()" : "rejectMember(key)")
                    }
                }
                json.require(0b\(String(required, radix: 2)), seen: seen, of: Self.memberNames, at: start)\(check)
                self.init(
                    \(properties.map { "\($0.swiftName): \(local($0, among: properties))" }.lines(",\n").indented(2))
                )
            }
            """
    }

    /// The variable that a property is read into: named after it, unless the reader needs that name itself.
    private static func local(_ property: Property, among properties: [Property]) -> String {
        var name = property.swiftName
        while ["json", "start", "seen", "key"].contains(name)
            || (name != property.swiftName && properties.contains { $0.swiftName == name })
        {
            name += "Value"
        }
        return name
    }

    private static func variable(_ property: Property, _ name: String) -> String {
        let type = property.value.swiftType
        guard let standIn = property.defaultValue else { return "var \(name): \(type)?" }
        let expression = standIn.expression.hasPrefix(".") ? type + standIn.expression : standIn.expression
        return "var \(name): \(type)? = \(expression)"
    }

    private static func readCase(_ index: Int, _ property: Property, _ name: String) -> String {
        let value = read(property.value, of: property.swiftName)
        let read = property.value.isNullable ? "try json.skipNull() ? nil : \(value)" : value
        return """
            case \(SwiftWriter.literal(property.name)):
                try json.see(\(index), in: &seen)
                \(name) = \(read)
            """
    }

    /// The expression that reads a value which is not null.
    static func read(_ value: Value, of name: String) -> String {
        switch value.kind {
        case .string(let minLength, let maxLength, let pattern):
            "try json.string(\(stringArguments(minLength, maxLength, pattern, of: name)))"
        case .integer(let minimum, let maximum):
            "try json.integer(\(arguments(("minimum", minimum), ("maximum", maximum))))"
        case .number(let minimum, let maximum):
            "try json.number(\(arguments(("minimum", minimum), ("maximum", maximum))))"
        case .decimal(let minimum, let maximum):
            "try json.decimal(\(arguments(("minimum", minimum.map(decimal)), ("maximum", maximum.map(decimal)))))"
        case .boolean: "try json.boolean()"
        case .timestamp: "try json.timestamp()"
        case .uuid: "try json.uuid()"
        case .object: "try json.object()"
        case .structure(let name), .enumeration(let name): "try \(name)(from: &json)"
        case .array(let element, let minItems, let maxItems): array(of: element, minItems, maxItems, name)
        }
    }

    private static func array(of element: Value, _ minItems: Int?, _ maxItems: Int?, _ name: String) -> String {
        let bounds = arguments(("minItems", minItems), ("maxItems", maxItems))
        return """
            try json.array\(bounds.isEmpty ? "" : "(\(bounds))") { (json: inout JSONReader) throws(JSONSyntaxError) in
                    \(read(element, of: name))
                }
            """
    }

    /// The constraints of a string; its expression is a constant named after `name`.
    static func stringArguments(_ minLength: Int?, _ maxLength: Int?, _ pattern: String?, of name: String) -> String {
        let lengths = arguments(("minLength", minLength), ("maxLength", maxLength))
        let expression = arguments(("pattern", pattern.map { _ in "Self.\(SwiftWriter.patternName(name))" }))
        return [lengths, expression].filter { !$0.isEmpty }.lines(", ")
    }

    private static func decimal(_ literal: String) -> String { "Decimal(\(SwiftWriter.literal(literal)))" }

    /// The arguments that have a value.
    static func arguments<Value>(_ arguments: (String, Value?)...) -> String {
        arguments.compactMap { name, value in value.map { "\(name): \($0)" } }.joined(separator: ", ")
    }

    private static func writer(_ properties: [Property]) -> String {
        """
        /// Writes the members in the order of the schema.
        public func write(to json: inout JSONWriter) {
            json.beginObject()
            \(properties.map(writeMember).lines().indented())
            json.endObject()
        }
        """
    }

    private static func writeMember(_ property: Property) -> String {
        let label = property.isOptional && !property.value.isNullable ? "ifPresent: " : ""
        return "json.member(\(SwiftWriter.literal(property.name)), \(label)\(property.swiftName))"
    }

    // MARK: - Enumerations

    private static func enumeration(_ model: Model, _ cases: [EnumerationCase]) -> String {
        """
        \(doc(model))
        public enum \(model.name): String, ContractModel, CaseIterable {
            \(cases.map { "case \($0.swiftName) = \(SwiftWriter.literal($0.value))" }.lines().indented())

            /// Reads and validates one value.
            public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
                let start = try json.position()
                guard let text = try json.text() else { return nil }
                switch text {
                \(cases.map { "case \(SwiftWriter.literal($0.value)): self = .\($0.swiftName)" }.lines().indented(2))
                default:
                    json.rejectValue(text, at: start, expected: Self.allCases.map(\\.rawValue))
                    return nil
                }
            }

            /// Writes the value as a string.
            public func write(to json: inout JSONWriter) {
                json.string(rawValue)
            }
        }
        """
    }
}
