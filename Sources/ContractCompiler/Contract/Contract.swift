/// A contract with everything resolved: names chosen, references followed, nothing of YAML left.
package struct Contract {
    /// The service's name.
    package let title: String
    /// The contract's version.
    package let version: String
    /// The groups of operations, in the order of the document.
    package let groups: [OperationGroup]
    /// The requests that the service sends: webhooks and callbacks.
    package let outgoing: [Operation]
    /// The types of bodies and parameters.
    package let models: [Model]
    /// The schemas that are checked as a whole.
    package let rules: [NamedRule]
    /// The document itself, self-contained.
    package let bundle: Node
    /// The examples of the contract, with the types that they are examples of.
    package let examples: [Example]

    /// The roots of the files that make the contract.
    package let documents: [Node]

    /// All operations, in the order of their groups.
    package var operations: [Operation] { groups.flatMap(\.operations) }
}

/// The operations of one tag, which become one protocol.
package struct OperationGroup {
    let name: String
    let description: String?
    package let operations: [Operation]

    var protocolName: String { "\(name)Operations" }
}

/// An example that stands in the contract.
package struct Example {
    let node: Node
    let value: Value

    /// The name of the file that it stands in.
    package var file: String { node.location.file.displayPath }
    /// Where it stands there.
    package var pointer: String { node.pointer }
}

/// A type of its own in the generated code.
package struct Model {
    package enum Shape {
        case structure([Property], others: OtherMembers)
        case enumeration(Enumeration)
        case union(Union)
        case tuple([Value], required: Int, rest: Value?)
        /// Another type's name, or a scalar with constraints, which hold where the model is used.
        case alias(Value)
        /// A value that contains itself.
        case wrapper(Value)
    }

    let name: String
    let node: Node
    let description: String?
    var shape: Shape
    /// What the codec does not check by itself.
    var rule: Rule?
    /// Whether a value may hold another of its own type by value.
    var isRecursive = false
}

/// What becomes of members that a structure does not name.
package enum OtherMembers {
    case ignored
    case forbidden
    case collected(Value)
}

/// The values of an enumeration.
package struct Enumeration {
    package struct Case {
        let swiftName: String
        /// The value as a Swift literal.
        let literal: String
        /// The value itself, when it is a string.
        var text: String?
    }

    /// `String` or `Int`.
    let rawType: String
    let cases: [Case]
    /// Whether values that the contract does not list are kept.
    let isOpen: Bool
}

/// One of several types.
package struct Union {
    package struct Branch {
        let swiftName: String
        let value: Value
    }

    /// How a value is told to be one branch.
    package indirect enum Decision {
        /// It is this one, or it is invalid.
        case branch(Int)
        /// By the type of the JSON value.
        case type([(types: [String], decision: Decision)])
        /// By the text of a member.
        case member(String, [(values: [String], branch: Int)], isDiscriminator: Bool)
        /// By validating against the branches with these numbers.
        case validation([Int], rule: String, isExclusive: Bool)

        /// The types of JSON values that it tells apart.
        var types: [String] { if case .type(let table) = self { table.flatMap(\.types) } else { [] } }
    }

    let branches: [Branch]
    let decision: Decision
    /// The rules of the branches that are told apart by validation.
    let rules: [Rule]
    /// Whether a branch may contain the choice again.
    var isIndirect = false
}

/// A member of a structure.
package struct Property {
    let swiftName: String
    let name: String
    var value: Value
    let isRequired: Bool
    let defaultValue: String?
    let description: String?
    let node: Node
    /// Whether requests leave it out.
    var isReadOnly: Bool
    /// Whether responses leave it out.
    var isWriteOnly: Bool
    /// The value, where the schema leaves but one.
    var onlyValue: String?
    /// Whether the value must be stored apart, because it may contain its own structure.
    var isIndirect = false

    /// Whether the Swift type is optional.
    var isOptional: Bool {
        value.isNullable || (defaultValue == nil && (!isRequired || isReadOnly || isWriteOnly))
    }
}

/// A condition that values must meet, as a Swift expression of `ContractRuntime`'s `Rule`.
package struct Rule {
    let text: String

    /// The same as a schema of its own, which does not see what others evaluate.
    var apart: Rule {
        text.hasPrefix(".all(")
            || !text.contains("valuated") && !text.hasPrefix(".items(") && !text.hasPrefix(".members(")
                && !text.hasPrefix(".contains(")
            ? self : Rule(text: ".all([\(text)])")
    }

    /// The same for values that may be null besides.
    var orNull: Rule { Rule(text: ".any([.type([.null]), \(text)], keyword: \"anyOf\")") }

    /// All of `rules`; nil when there are none.
    static func all(_ rules: [Rule]) -> Rule? {
        rules.count < 2 ? rules.first : Rule(text: ".all([\(rules.map(\.text).lines(", "))])")
    }
}

/// A schema that others refer to when they are checked.
package struct NamedRule {
    let name: String
    let rule: Rule
    let node: Node
}

/// The type and the constraints of one use of a value.
package struct Value {
    package indirect enum Kind {
        case string(TextConstraints)
        case integer(minimum: Int?, maximum: Int?)
        /// The bounds are literals, kept exact.
        case number(minimum: String?, maximum: String?)
        /// A string that holds one must match all patterns.
        case decimal(minimum: String?, maximum: String?, patterns: [String])
        case boolean
        case timestamp
        case date
        case uuid
        /// Base64 in a string.
        case bytes
        case null
        /// A part of a multipart body, with its name and media type.
        case file
        /// Any JSON value.
        case any
        /// An object of any members.
        case object
        case map(of: Value)
        case array(of: Value, minItems: Int?, maxItems: Int?)
        /// A type of the contract.
        case named(String)
    }

    var kind: Kind
    var isNullable = false
    /// What must be checked beyond the type and the constraints.
    var rule: Rule?

    /// The Swift type, without the `?` of a nullable value.
    var swiftType: String {
        switch kind {
        case .string: "String"
        case .integer: "Int"
        case .number: "Double"
        case .decimal: "Decimal"
        case .boolean: "Bool"
        case .timestamp: "Timestamp"
        case .date: "CalendarDate"
        case .uuid: "UUID"
        case .bytes: "Bytes"
        case .null: "JSONNull"
        case .file: "FilePart"
        case .any: "JSONValue"
        case .object: "JSONObject"
        case .map(let element): "[String: \(element.optionalType)]"
        case .array(let element, _, _): "[\(element.optionalType)]"
        case .named(let name): name
        }
    }

    /// The Swift type, with the `?` of a nullable value.
    var optionalType: String { swiftType + (isNullable ? "?" : "") }

    /// Whether the type's own reading is all there is to check.
    var isPlain: Bool {
        guard !isNullable, rule == nil else { return false }
        return switch kind {
        case .string(let constraints): constraints.isEmpty
        case .integer(let minimum, let maximum): minimum == nil && maximum == nil
        case .number(let minimum, let maximum): minimum == nil && maximum == nil
        case .decimal(let minimum, let maximum, let patterns): minimum == nil && maximum == nil && patterns.isEmpty
        case .array(let element, let least, let most): element.isPlain && least == nil && most == nil
        case .map(let element): element.isPlain
        default: true
        }
    }
}

/// What the text of a string must be.
package struct TextConstraints {
    var minLength: Int?
    var maxLength: Int?
    var pattern: String?
    /// The name of a case of `Format`.
    var format: String?

    var isEmpty: Bool { minLength == nil && maxLength == nil && pattern == nil && format == nil }
}
