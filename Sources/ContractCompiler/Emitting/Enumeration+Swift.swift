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
