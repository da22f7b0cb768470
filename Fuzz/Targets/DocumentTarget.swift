import ContractCompiler

extension FuzzTarget {
    /// YAML and JSON documents: the pointer of each node leads back to the node.
    static let document = FuzzTarget(name: "document") { bytes in
        for name in ["fuzz.yaml", "fuzz.json"] {
            var log = DiagnosticLog()
            guard let root = Node.read(SourceFile(path: name, displayPath: name, bytes: bytes), log: &log) else {
                expect(log.hasErrors, "a document is rejected without a diagnostic")
                continue
            }
            check(root, in: root)
        }
        _ = try? Node.readYAML(SourceFile(path: "fuzz.yml", displayPath: "fuzz.yml", bytes: bytes))
    }

    private static func check(_ node: Node, in root: Node) {
        expect(node.location.line >= 1 && node.location.column >= 1, "the location is before the start of the file")
        expect(root.node(at: node.pointer)?.pointer == node.pointer, "no node at \(node.pointer)")
        for child in (node.items ?? []) + (node.members?.map(\.value) ?? []) { check(child, in: root) }
    }
}
