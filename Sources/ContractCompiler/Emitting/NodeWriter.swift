/// Writes a tree of nodes as JSON or YAML text.
package enum NodeWriter {
    /// Indented JSON.
    package static func json(_ node: Node) -> String {
        json(node, margin: "")
    }

    /// JSON on one line, without spaces.
    package static func compactJSON(_ node: Node) -> String {
        switch node.value {
        case .scalar(let scalar): scalar.kind == .number ? node.jsonNumber ?? quoted(scalar.text) : self.scalar(scalar)
        case .sequence(let items): "[" + items.map(compactJSON).joined(separator: ",") + "]"
        case .mapping(let members):
            "{" + members.map { "\(quoted($0.key)):\(compactJSON($0.value))" }.joined(separator: ",") + "}"
        }
    }

    private static func json(_ node: Node, margin: String) -> String {
        let inner = margin + "  "
        switch node.value {
        case .scalar: return compactJSON(node)
        case .sequence(let items):
            if items.isEmpty { return "[]" }
            return "[\n" + items.map { inner + json($0, margin: inner) }.joined(separator: ",\n") + "\n\(margin)]"
        case .mapping(let members):
            if members.isEmpty { return "{}" }
            let lines = members.map { "\(inner)\(quoted($0.key)): \(json($0.value, margin: inner))" }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(margin)}"
        }
    }

    /// Block-style YAML.
    package static func yaml(_ node: Node) -> String {
        yaml(node, margin: "").drop { $0 == "\n" }.description
    }

    /// The text after a key or a dash: on the same line for a scalar, otherwise on new lines.
    private static func yaml(_ node: Node, margin: String) -> String {
        switch node.value {
        case .scalar(let scalar): return " " + yamlScalar(scalar)
        case .sequence(let items):
            if items.isEmpty { return " []" }
            return items.map { item in
                let text = yaml(item, margin: margin + "  ")
                // A collection starts on the line of its dash.
                return "\n\(margin)-" + (text.hasPrefix("\n") ? " " + text.drop { $0 == "\n" || $0 == " " } : text)
            }.joined()
        case .mapping(let members):
            if members.isEmpty { return " {}" }
            return members.map { member in
                let key = yamlScalar(Node.Scalar(kind: .string, text: member.key))
                return "\n\(margin)\(key):" + yaml(member.value, margin: margin + "  ")
            }.joined()
        }
    }

    private static func yamlScalar(_ scalar: Node.Scalar) -> String {
        guard scalar.kind == .string else { return self.scalar(scalar) }
        let text = scalar.text
        let plain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "/"),
                UInt8(ascii: "."), UInt8(ascii: "$"):
                true
            default: false
            }
        }
        let startsPlain = text.first.map { $0.isLetter || $0 == "/" || $0 == "$" || $0 == "_" } ?? false
        return plain && startsPlain && CoreSchema.kind(of: text) == .string && !isYAML11Word(text) ? text : quoted(text)
    }

    /// Words that YAML 1.1 readers interpret as booleans.
    private static func isYAML11Word(_ text: String) -> Bool {
        ["y", "n", "yes", "no", "on", "off"].contains(text.lowercased())
    }

    private static func scalar(_ scalar: Node.Scalar) -> String {
        switch scalar.kind {
        case .null: "null"
        case .boolean: scalar.text.lowercased()
        case .number: scalar.text
        case .string: quoted(scalar.text)
        }
    }

    /// A JSON string literal, which is also a Python string literal.
    package static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
