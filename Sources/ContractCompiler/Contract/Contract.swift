internal import Formats

/// A resolved contract, ready for the emitters: types are chosen and named, references followed. Emitters name everything inside of types.
package struct Contract {
    /// The title of the service.
    package let title: String
    /// The version of the contract.
    package let version: String
    /// The groups of operations, in the order of the document.
    package let groups: [OperationGroup]
    /// The requests that the server sends: webhooks and callbacks.
    package let outgoing: [Operation]
    /// The types of bodies and parameters.
    package let models: [Model]
    /// The schemas that are validated as a whole, through rules.
    package let rules: [NamedRule]
    /// The bundled document.
    package let bundle: Node
    /// The examples of the contract, with their types.
    package let examples: [Example]

    /// The roots of the contract's files.
    package let documents: [Node]

    /// All operations, in the order of their groups.
    package var operations: [Operation] { groups.flatMap(\.operations) }
}

/// The operations of one tag. They become one protocol.
package struct OperationGroup {
    let name: String
    let description: String?
    package let operations: [Operation]
}

/// An example in the contract.
package struct Example {
    let node: Node
    let value: Value

    /// The name of its file.
    package var file: String { node.location.file.displayPath }
    /// Its pointer in the file.
    package var pointer: String { node.pointer }
}

/// A named type in the generated code.
package struct Model {
    package enum Shape {
        case structure([Property], others: OtherMembers)
        case enumeration(Enumeration)
        case union(Union)
        case tuple([Value], required: Int, rest: Value?)
        /// An alias of another type, or of a scalar with constraints. The constraints apply where the model is used.
        case alias(Value)
        /// A value that contains itself.
        case wrapper(Value)
    }

    let name: String
    let node: Node
    let description: String?
    var shape: Shape
    /// The rule for everything that the codec does not check.
    var rule: Rule?
    /// Whether a value may contain a value of the same type directly.
    var isRecursive = false
}

/// How a structure treats members without a property.
package enum OtherMembers {
    case ignored
    case forbidden
    case collected(Value)
}

/// The values of an enumeration.
package struct Enumeration {
    enum Value: Hashable {
        case text(String)
        case integer(Int)
    }

    let isInteger: Bool
    /// The distinct values, in the order of the contract.
    let values: [Value]
    /// Whether unlisted values are kept.
    let isOpen: Bool
    /// The list of the values in the contract.
    let location: Location
}

/// One of several types.
package struct Union {
    package struct Branch {
        /// A few words from the branch's reference, title or type.
        let label: String
        let value: Value
    }

    /// How the branch of a value is chosen.
    package indirect enum Decision {
        /// There is only one branch. A value that does not match it is invalid.
        case branch(Int)
        /// By the type of the JSON value.
        case type([(types: [String], decision: Decision)])
        /// By the string value of a member.
        case member(String, [(values: [String], branch: Int)], isDiscriminator: Bool)
        /// By validating against these branches.
        case validation([Int], isExclusive: Bool)

        /// The JSON types that this can distinguish.
        var types: [String] { if case .type(let table) = self { table.flatMap(\.types) } else { [] } }
    }

    let branches: [Branch]
    let decision: Decision
    /// The rules of the branches that are chosen by validation.
    let rules: [Rule]
    /// Whether a branch may contain the union again.
    var isIndirect = false
}

/// The value of a `default`, checked against its type.
indirect enum DefaultValue {
    case text(String)
    case integer(Int)
    /// Numbers are in JSON notation, so they stay exact.
    case number(String)
    case decimal(String)
    case boolean(Bool)
    case emptyObject
    case emptyMap
    case array([DefaultValue])
    /// The value at a position of the enumeration with this name.
    case enumeration(String, Enumeration, Int)
}

/// A property of a structure.
package struct Property {
    let name: String
    /// The name in code that the contract gives (`x-swift-name`).
    let givenName: String?
    var value: Value
    let isRequired: Bool
    let defaultValue: DefaultValue?
    let description: String?
    let node: Node
    /// Whether requests omit it.
    var isReadOnly: Bool
    /// Whether responses omit it.
    var isWriteOnly: Bool
    /// The enumeration of the value, if it has only one case.
    var onlyChoice: Enumeration?
    /// Whether the value needs indirect storage, because it may contain its own structure.
    var isIndirect = false

    /// Whether the Swift type is optional.
    var isOptional: Bool {
        value.isNullable || (defaultValue == nil && (!isRequired || isReadOnly || isWriteOnly))
    }
}

/// The type and the constraints of one use of a value.
package struct Value {
    package indirect enum Kind {
        case string(TextConstraints)
        case integer(minimum: Int?, maximum: Int?)
        /// The bounds are literals, so they stay exact.
        case number(minimum: String?, maximum: String?)
        /// A string type. A value must match all patterns.
        case decimal(minimum: String?, maximum: String?, patterns: [String])
        case boolean
        case timestamp
        case date
        case uuid
        /// Base64 text in a string.
        case bytes
        case null
        /// A part of a multipart body, with its name and media type.
        case file
        /// Any JSON value.
        case any
        /// An object with arbitrary members.
        case object
        case map(of: Value)
        case array(of: Value, minItems: Int?, maxItems: Int?)
        /// A type of the contract.
        case named(String)
    }

    var kind: Kind
    var isNullable = false
    /// The rule for everything beyond the type and the constraints.
    var rule: Rule?

    /// Whether decoding the type checks everything.
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

/// The text format of a string.
package struct TextConstraints {
    var minLength: Int?
    var maxLength: Int?
    var pattern: String?
    var format: Format?

    var isEmpty: Bool { minLength == nil && maxLength == nil && pattern == nil && format == nil }
}
