import ContractCompiler
import Formats
import JSONSchema

/// Writes values so that those which are equal read the same.
enum CanonicalText {
    /// A value, its members in the order of their names.
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
