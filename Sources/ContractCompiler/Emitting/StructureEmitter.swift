/// Writes a structure in Swift.
struct StructureEmitter {
    private let model: Model
    private let properties: [Emitted<Property>]
    private let others: OtherMembers

    init(_ model: Model, _ properties: [Property], others: OtherMembers) {
        self.model = model
        self.properties = properties.inSwift
        self.others = others
    }

    var text: String {
        """
        \(ModelEmitter.doc(model))
        public struct \(model.name): ContractModel {
            \(declarations.lines().indented())

            /// Creates a value.
            public init\(SwiftWriter.list(arguments, prefix: 20).indented()) {
                \(names.map { "self.\($0) = \($0)" }.lines().indented(2))
            }

            enum CodingKeys: String, CodingKey, CaseIterable {
                \(properties.map(codingKey).lines().indented(2))
            }
        }

        extension \(model.name) {
            \(constants.lines().indented())

            \(reader.indented())

            \(writer.indented())
        }
        """
    }

    /// The type of additional properties, if they are kept.
    private var collected: Value? {
        if case .collected(let value) = others { value } else { nil }
    }

    private var names: [String] {
        properties.map(\.identifier) + (collected == nil ? [] : ["additionalProperties"])
    }

    private var declarations: [String] {
        let members = properties.map { property in
            """
            \(SwiftWriter.doc(property.description, origin: property.node.origin))
            \(property.isIndirect ? "@Indirect " : "")public var \(property.identifier): \(type(property))
            """
        }
        return members
            + (collected.map {
                [
                    "/// The members that the schema does not describe.\npublic var additionalProperties: [String: \($0.optionalType)]"
                ]
            } ?? [])
    }

    private var arguments: [String] {
        let members = properties.map { property in
            let defaultClause =
                initialValue(property).map { " = \($0)" } ?? (mayBeAbsent(property) ? " = nil" : "")
            return "\(SwiftName.label(property.identifier)): \(type(property))\(defaultClause)"
        }
        return members + (collected.map { ["additionalProperties: [String: \($0.optionalType)] = [:]"] } ?? [])
    }

    /// Whether a value can be created without the property.
    private func mayBeAbsent(_ property: Emitted<Property>) -> Bool {
        property.isOptional && (!property.isRequired || property.isReadOnly || property.isWriteOnly)
    }

    private func codingKey(_ property: Emitted<Property>) -> String {
        let name = property.identifier.filter { $0 != "`" }
        return name == property.name
            ? "case \(property.identifier)" : "case \(property.identifier) = \(SwiftWriter.literal(property.name))"
    }

    private func type(_ property: Emitted<Property>) -> String {
        property.value.swiftType + (property.isOptional ? "?" : "")
    }

    // MARK: - Constants

    private var constants: [String] {
        var arguments = ["CodingKeys.self"]
        func add(_ label: String, _ keys: [Emitted<Property>]) {
            if !keys.isEmpty { arguments.append("\(label): [\(keys.map { ".\($0.identifier)" }.lines(", "))]") }
        }
        add("required", properties.filter(\.isRequired))
        add("readOnly", properties.filter { $0.isRequired && $0.isReadOnly })
        add("writeOnly", properties.filter { $0.isRequired && $0.isWriteOnly })
        if case .forbidden = others { arguments.append("isClosed: true") }
        return ["private static let members = MemberTable(\(arguments.lines(", ")))"]
            + ValueReader.constants(
                properties.map { ($0.identifier, $0.value) } + (collected.map { [("additionalProperties", $0)] } ?? [])
            )
            + ModelEmitter.ruleConstant(model)
    }

    // MARK: - Reading

    private var reader: String {
        let unwrapped = properties.filter { !$0.isOptional }.map { "let \(local($0))" }
        let check = unwrapped.isEmpty ? "" : "\n    guard \(unwrapped.lines(", ")) else { return nil }"
        let assignments =
            properties.map { "\(SwiftName.label($0.identifier)): \(local($0))" }
            + (collected == nil ? [] : ["additionalProperties: additionalProperties"])
        return """
            /// Reads and validates one value.
            public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
                let start = try json.position()
                guard try json.beginObject() else { return nil }
                \(variables.lines().indented())
                var seen = SeenMembers()
                \(loop.indented())
                json.require(Self.members, seen, at: start)\(ModelEmitter.ruleCheck(model, levels: 1))\(check)
                self.init\(SwiftWriter.list(assignments, prefix: 20).indented())
            }
            """
    }

    private var loop: String {
        guard let collected else {
            return """
                while let key = try json.nextKey(in: Self.members, &seen) {
                    switch key {
                    \(properties.map(readCase).lines().indented())
                    }
                }
                """
        }
        return """
            while let name = try json.nextName() {
                switch try json.key(name, in: Self.members, &seen) {
                \(properties.map(readCase).lines().indented())
                case nil:
                    let name = name.string
                    let value: \(collected.optionalType)? = \(ValueReader.read(collected, of: "additionalProperties").indented(2))
                    try json.collect(value, as: name, in: &additionalProperties)
                }
            }
            """
    }

    private func initialValue(_ property: Emitted<Property>) -> String? {
        property.defaultValue?.swiftExpression ?? property.onlyChoice?.swiftNames.first.map { ".\($0)" }
    }

    private var variables: [String] {
        let members = properties.map { property -> String in
            let type = property.value.swiftType
            guard let defaultValue = property.defaultValue?.swiftExpression else {
                return "var \(local(property)): \(type)?"
            }
            return "var \(local(property)): \(type)? = \(defaultValue)"
        }
        return members + (collected.map { ["var additionalProperties: [String: \($0.optionalType)] = [:]"] } ?? [])
    }

    /// The variable for a property. It has the property's name unless the reader uses that name.
    private func local(_ property: Emitted<Property>) -> String {
        var name = property.identifier
        while ["json", "start", "seen", "key", "name", "value"].contains(name)
            || (name != property.identifier && properties.contains { $0.identifier == name })
        {
            name += "Value"
        }
        return name
    }

    private func readCase(_ property: Emitted<Property>) -> String {
        let value = ValueReader.readPresent(property.value, of: property.identifier)
        let read = property.value.isNullable ? "try json.skipNull() ? nil : \(value)" : value
        return "case .\(property.identifier): \(local(property)) = \(read)"
    }

    // MARK: - Writing

    private var writer: String {
        let rest = collected == nil ? [] : ["json.members(additionalProperties)"]
        return """
            /// Writes the members in the order of the schema.
            public func write(to json: inout JSONWriter) {
                json.beginObject()
                \((properties.map(writeMember) + rest).lines().indented())
                json.endObject()
            }
            """
    }

    private func writeMember(_ property: Emitted<Property>) -> String {
        // The name of the writer is 'json'.
        let value = property.identifier == "json" ? "self.json" : property.identifier
        // An absent optional property is omitted. An absent required one is written as null.
        let isAbsent = property.isOptional && !(property.isRequired && property.value.isNullable)
        let call =
            "json.member(\(SwiftWriter.literal(property.name)), \(isAbsent ? "ifPresent: " : "")\(value))"
        if property.isReadOnly { return "if json.direction != .request { \(call) }" }
        if property.isWriteOnly { return "if json.direction != .response { \(call) }" }
        return call
    }
}

extension [Property] {
    /// The properties with their identifiers in Swift.
    var inSwift: [Emitted<Property>] {
        Emitted.distinct(self, besides: ["additionalProperties"], \.swiftName)
    }
}

extension Property {
    /// The identifier, which another property may want too.
    var swiftName: String { givenName ?? SwiftName.property(name) }
}
