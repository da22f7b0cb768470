/// A contract with everything resolved: names chosen, references followed, nothing of YAML left.
package struct Contract: Sendable {
    /// The service's name.
    package let title: String
    /// The contract's version.
    package let version: String
    /// The groups of operations, in the order of the document.
    package let groups: [OperationGroup]
    /// The types of bodies and parameters.
    package let models: [Model]
    /// The document itself, self-contained.
    package let bundle: Node

    /// All operations, in the order of their groups.
    package var operations: [Operation] { groups.flatMap(\.operations) }
}

/// The operations of one tag, which become one protocol.
package struct OperationGroup: Sendable {
    let name: String
    let description: String?
    package let operations: [Operation]

    var protocolName: String { "\(name)Operations" }
}

/// A type of its own in the generated code.
package struct Model: Sendable {
    package enum Shape: Sendable {
        case structure([Property], allowsOthers: Bool)
        case enumeration([EnumerationCase])
        /// A scalar with constraints, which hold where the model is used.
        case alias(Value)
    }

    let name: String
    let node: Node
    let description: String?
    let shape: Shape
}

/// One value of an enumeration.
package struct EnumerationCase: Sendable {
    let swiftName: String
    let value: String
}

/// A member of a structure.
package struct Property: Sendable {
    let swiftName: String
    let name: String
    let value: Value
    let isRequired: Bool
    let defaultValue: DefaultValue?
    let description: String?
    let node: Node

    /// Whether the Swift type is optional.
    var isOptional: Bool { value.isNullable || (!isRequired && defaultValue == nil) }
}

/// What stands in for an absent value, as a Swift expression.
package struct DefaultValue: Sendable {
    let expression: String
}

/// The type and the constraints of one use of a value.
package struct Value: Sendable {
    package indirect enum Kind: Sendable {
        case string(minLength: Int?, maxLength: Int?, pattern: String?)
        case integer(minimum: Int?, maximum: Int?)
        /// The bounds are literals, kept exact.
        case number(minimum: String?, maximum: String?)
        case decimal(minimum: String?, maximum: String?)
        case boolean
        case timestamp
        case uuid
        /// An object of any members.
        case object
        case array(of: Value, minItems: Int?, maxItems: Int?)
        case structure(String)
        case enumeration(String)
    }

    let kind: Kind
    var isNullable = false

    /// The expression that the value, or the items of the value, must match.
    var pattern: String? {
        switch kind {
        case .string(_, _, let pattern): pattern
        case .array(let element, _, _): element.pattern
        default: nil
        }
    }

    /// Whether a path, a query or a header field can carry the value.
    var isParameter: Bool {
        switch kind {
        case .string, .integer, .boolean, .uuid, .timestamp, .enumeration: true
        case .number, .decimal, .object, .array, .structure: false
        }
    }

    /// The Swift type, without the `?` of a nullable value.
    var swiftType: String {
        switch kind {
        case .string: "String"
        case .integer: "Int"
        case .number: "Double"
        case .decimal: "Decimal"
        case .boolean: "Bool"
        case .timestamp: "Timestamp"
        case .uuid: "UUID"
        case .object: "JSONObject"
        case .array(let element, _, _): "[\(element.swiftType)\(element.isNullable ? "?" : "")]"
        case .structure(let name), .enumeration(let name): name
        }
    }
}

/// One operation.
package struct Operation: Sendable {
    let id: String
    let typeName: String
    let method: String
    let template: PathTemplate
    let parameters: [Parameter]
    let body: Value?
    let responses: [Response]
    /// The schemes that a caller must satisfy; empty for an open operation.
    let security: [SecurityScheme]
    let summary: String?
    let description: String?
    let node: Node

    /// Whether a parameter stands in a header field.
    var readsHeaders: Bool {
        parameters.contains { if case .header = $0.place { true } else { false } }
    }
}

/// A parameter of an operation.
package struct Parameter: Sendable {
    package enum Place: Sendable {
        case path(index: Int)
        case query
        case header
    }

    let swiftName: String
    let name: String
    let place: Place
    let value: Value
    let isRequired: Bool
    let defaultValue: DefaultValue?
    let description: String?
}

/// An answer that a handler returns. Problems are thrown instead.
package struct Response: Sendable {
    package enum Body: Sendable {
        case none
        case json(Value)
        case text(mediaType: String)
    }

    let status: Int
    let swiftName: String
    let body: Body
    let description: String?
}

/// A secret in a header field.
package struct SecurityScheme: Sendable {
    let name: String
    let header: String
}

/// A path template, split at its slashes.
package struct PathTemplate: Sendable {
    package enum Segment: Hashable, Sendable {
        case literal(String)
        case parameter(String)
    }

    let text: String
    let segments: [Segment]

    /// The names of the parameters, in order.
    var parameterNames: [String] {
        segments.compactMap { if case .parameter(let name) = $0 { name } else { nil } }
    }
}
