import ContractCompiler
import Formats
import JSONSchema

/// Writes equal values as equal text.
enum CanonicalText {
    /// The text of a value, with the members of objects sorted by name.
    static func value(_ node: Node) -> String {
        switch node.value {
        case .scalar(let scalar):
            guard scalar.kind == .number, let number = node.number else { return NodeWriter.compactJSON(node) }
            return "\(number.isNegative ? "-" : "")\(number.digits.map(String.init).joined())e\(number.exponent)"
        case .sequence(let items): return "[\(items.map(value).joined(separator: ","))]"
        case .mapping(let members):
            return "{\(members.map { "\($0.key):\(value($0.value))" }.sorted().joined(separator: ","))}"
        }
    }
}
