// Generated from openapi.yaml. Edit that file, not this one.

public import ContractRuntime

/// — openapi.yaml#/components/schemas/Colour
public enum Colour: String, ContractModel, CaseIterable {
    case red = "RED"
    case darkBlue = "dark-blue"
    case `in` = "in"

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard let text = try json.text() else { return nil }
        switch text {
        case "RED": self = .red
        case "dark-blue": self = .darkBlue
        case "in": self = .`in`
        default:
            json.rejectValue(text, at: start, expected: Self.allCases.map(\.rawValue))
            return nil
        }
    }

    /// Writes the value as a string.
    public func write(to json: inout JSONWriter) {
        json.string(rawValue)
    }
}

/// — openapi.yaml#/components/schemas/Scalar
public typealias Scalar = Int
