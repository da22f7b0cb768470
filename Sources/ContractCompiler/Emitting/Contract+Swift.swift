/// A part of the contract with its identifier in the emitted language.
@dynamicMemberLookup
struct Emitted<Part> {
    let part: Part
    let identifier: String

    subscript<Member>(dynamicMember path: KeyPath<Part, Member>) -> Member { part[keyPath: path] }

    /// The parts with distinct identifiers. A number follows one that an earlier part has.
    static func distinct(_ parts: [Part], besides taken: Set<String> = [], _ identifier: (Part) -> String) -> [Self] {
        var taken = taken
        return parts.map { Self(part: $0, identifier: SwiftName.distinct(identifier($0), &taken)) }
    }
}

extension Union {
    /// The branches with the identifiers of their cases.
    var swiftBranches: [Emitted<Branch>] { Emitted.distinct(branches) { SwiftName.property($0.label) } }
}

extension OperationGroup {
    /// The name of the protocol for the handlers.
    var protocolName: String { "\(name)Operations" }
}

extension Operation {
    /// The name of the function in handlers and clients, and of the case in `Route`.
    var functionName: String { SwiftName.property(id) }

    /// The parameters with their identifiers.
    var swiftParameters: [Emitted<Parameter>] {
        Emitted.distinct(parameters, besides: ["body", "principal", "request", "parameters"]) {
            SwiftName.property($0.name)
        }
    }
}

extension Response {
    /// The name of its case in the output.
    var caseName: String { status.name }

    /// The headers with their identifiers.
    var swiftHeaders: [Emitted<Parameter>] { Emitted.distinct(headers) { SwiftName.property($0.name) } }
}

extension Body {
    /// The media types with the identifiers of their cases.
    var swiftContents: [Emitted<Content>] { Emitted.distinct(contents) { SwiftName.property($0.label) } }
}

// MARK: - Types

extension Content {
    /// The Swift type of the body.
    var swiftType: String {
        switch kind {
        case .json(let value), .form(let value, _), .multipart(let value, _), .text(let value): value.optionalType
        case .bytes: "Bytes"
        case .lines(let value): "JSONLines<\(value.optionalType)>"
        case .events(let value): "ServerEvents<\(value.optionalType)>"
        }
    }
}

extension Value {
    /// The Swift type, without the `?` for null.
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

    /// The Swift type, with `?` if the value may be null.
    var optionalType: String { swiftType + (isNullable ? "?" : "") }
}

// MARK: - Enumerations and defaults

extension Enumeration {
    /// The names of the cases: a number follows a name that an earlier case has.
    var swiftNames: [String] {
        var names: Set<String> = []
        return values.map { SwiftName.distinct($0.swiftName, &names) }
    }

    var swiftType: String { isInteger ? "Int" : "String" }
}

extension Enumeration.Value {
    /// The name of the case, which another value may have too.
    var swiftName: String {
        switch self {
        case .text(let text): SwiftName.enumerationCase(text)
        case .integer(let number): number < 0 ? "minus\(number.magnitude)" : "_\(number)"
        }
    }

    var swiftLiteral: String {
        switch self {
        case .text(let text): SwiftWriter.literal(text)
        case .integer(let number): "\(number)"
        }
    }
}

extension DefaultValue {
    var swiftExpression: String {
        switch self {
        case .text(let text): SwiftWriter.literal(text)
        case .integer(let number): "\(number)"
        case .number(let text): text
        case .decimal(let text): "Decimal(checked: \(SwiftWriter.literal(text)))"
        case .boolean(let isTrue): "\(isTrue)"
        case .emptyObject: "JSONObject.empty"
        case .emptyMap: "[:]"
        case .array(let values): "[\(values.map(\.swiftExpression).lines(", "))]"
        // The type is spelled out because `.none` would be read as `Optional.none`.
        case .enumeration(let name, let enumeration, let index): "\(name).\(enumeration.swiftNames[index])"
        }
    }
}

// MARK: - Equal names

extension Contract {
    /// Reports names of the contract that are equal in Swift.
    func checkSwiftNames(_ log: inout DiagnosticLog) {
        for model in models {
            switch model.shape {
            case .structure(let properties, _): check(properties, &log)
            case .enumeration(let enumeration): check(enumeration, &log)
            case .union, .tuple, .alias, .wrapper: break
            }
        }
    }

    private func check(_ properties: [Property], _ log: inout DiagnosticLog) {
        var known: [String: Node] = [:]
        for property in properties.inSwift {
            if let other = known[property.part.swiftName] {
                let note = Diagnostic.Note(message: "the other definition", location: other.location)
                let message =
                    "'\(property.name)' has the same Swift name as another property; give one an 'x-swift-name'"
                log.strictly(.duplicateName, message, at: property.node.location, notes: [note])
            }
            known[property.identifier] = property.node
        }
    }

    private func check(_ enumeration: Enumeration, _ log: inout DiagnosticLog) {
        var known: [String: Enumeration.Value] = [:]
        for value in enumeration.values {
            guard let other = known[value.swiftName] else {
                known[value.swiftName] = value
                continue
            }
            let message = "the values \(value.swiftLiteral) and \(other.swiftLiteral) have the same Swift name"
            log.strictly(.duplicateName, message, at: enumeration.location)
        }
    }
}
