/// Writes enumerations and wrappers in Swift, and what the types of all models have in common.
enum ModelEmitter {
    static func doc(_ model: Model) -> String {
        SwiftWriter.doc(model.description, origin: model.node.origin)
    }

    static func enumeration(_ model: Model, _ enumeration: Enumeration) -> String {
        guard enumeration.isOpen else {
            return """
                \(doc(model))
                public enum \(model.name): \(enumeration.swiftType), ContractEnumeration {
                    \(zip(enumeration.swiftNames, enumeration.values).map { enumerationCase($0, $1) }.lines().indented())
                }
                """
        }
        return """
            \(doc(model))
            ///
            /// Known values are listed below. Unknown values are kept.
            public struct \(model.name): OpenEnumeration {
                \(zip(enumeration.swiftNames, enumeration.values).map { "public static let \($0) = \(model.name)(rawValue: \($1.swiftLiteral))" }.lines().indented())

                /// The value in JSON.
                public let rawValue: \(enumeration.swiftType)

                /// Creates a known or unknown value.
                public init(rawValue: \(enumeration.swiftType)) {
                    self.rawValue = rawValue
                }
            }
            """
    }

    private static func enumerationCase(_ name: String, _ value: Enumeration.Value) -> String {
        let isOwnName = value == .text(name.filter { $0 != "`" })
        return isOwnName ? "case \(name)" : "case \(name) = \(value.swiftLiteral)"
    }

    static func wrapper(_ model: Model, _ value: Value) -> String {
        """
        \(doc(model))
        public struct \(model.name): ContractModel {
            /// The value, which may contain values of this type.
            public var value: \(value.optionalType)

            /// Wraps a value.
            public init(_ value: \(value.optionalType)) {
                self.value = value
            }
        }

        extension \(model.name) {
            \(SwiftWriter.constants(ValueReader.constants([("value", value)]) + ruleConstant(model)))/// Reads and validates one value.
            public init?(from json: inout JSONReader) throws(JSONSyntaxError) {\(model.rule == nil ? "" : "\n        let start = try json.position()")
                \(SwiftWriter.unwrapping("value", ValueReader.read(value, of: "value")).indented(2))\(ruleCheck(model, levels: 2))
                self.init(value)
            }

            /// Writes the value.
            public func write(to json: inout JSONWriter) {
                value.write(to: &json)
            }
        }
        """
    }

    /// The constant with the rule for everything that the codec does not check.
    static func ruleConstant(_ model: Model) -> [String] {
        model.rule.map { ["private static let rule: Rule = \(SwiftWriter.folded(RuleWriter.text($0)))"] } ?? []
    }

    /// The check of that rule, on a separate line.
    static func ruleCheck(_ model: Model, levels: Int) -> String {
        let margin = String(repeating: "    ", count: levels)
        return model.rule == nil ? "" : "\n\(margin)try json.check(Self.rule, from: start)"
    }
}
