import ContractCompiler

/// Nodes that belong to no file.
enum SyntheticNode {
    private static let file = SourceFile(path: "value.json", displayPath: "value", bytes: [])
    static let location = Location(file: file, line: 1, column: 1)
    static let node = Node(value: .scalar(.init(kind: .null, text: "null")), location: location, pointer: "")

    static func number(_ text: String) -> Node { node.with(.scalar(.init(kind: .number, text: text))) }

    static func string(_ text: String) -> Node { node.with(.scalar(.init(kind: .string, text: text))) }
}
