/// Makes a document self-contained: schemas of other files move to `components/schemas`, everything else that a reference
/// brings in from another file is put in its place.
package struct Bundler {
    private var registry: Registry
    private(set) var log: DiagnosticLog
    private var names: [String: String] = [:]
    private var schemas: [Node.Member] = []
    /// The file that the bundle replaces: references into it stay as they are.
    private var rootPath = ""

    init(registry: Registry, log: DiagnosticLog) {
        self.registry = registry
        self.log = log
    }

    /// The document at `root` made self-contained; nil when it cannot be read, which is then in `log`.
    package static func bundle(_ root: String, registry: Registry, log: inout DiagnosticLog) -> Node? {
        var registry = registry
        guard let node = registry.root(of: root, log: &log) else { return nil }
        var bundler = Bundler(registry: registry, log: log)
        let bundle = bundler.bundle(node)
        log = bundler.log
        return bundle
    }

    /// The self-contained document. Places stay those of the original nodes.
    mutating func bundle(_ root: Node) -> Node {
        rootPath = root.location.file.path
        let document = copy(root)
        guard !schemas.isEmpty, let members = document.members else { return document }
        let components = document["components"] ?? Self.mapping([], like: root)
        let own = components["schemas"]?.members ?? []
        let all = Self.mapping(own + schemas, like: components)
        let others = (components.members ?? []).filter { $0.key != "schemas" }
        let merged = Self.mapping(others + [Self.member("schemas", all)], like: components)
        let rest = members.filter { $0.key != "components" }
        return Self.mapping(rest + [Self.member("components", merged)], like: root)
    }

    private mutating func copy(_ node: Node) -> Node {
        switch node.value {
        case .scalar: return node
        case .sequence(let items):
            return Node(value: .sequence(items.map { copy($0) }), location: node.location, pointer: node.pointer)
        // Inside a schema with a URI of its own references mean that schema, wherever it stands.
        case .mapping where node["$id"]?.string != nil: return node
        case .mapping(let members):
            if let reference = node["$ref"], let target = registry.resolve(reference, log: &log) {
                return replaced(node, reference, by: target)
            }
            // What stands in an extension or an example is data, whatever it looks like.
            let copies = members.map { member in
                let isData =
                    member.key.hasPrefix("x-")
                    || ["example", "examples", "default", "enum", "const"].contains(member.key)
                return Node.Member(
                    key: member.key,
                    keyLocation: member.keyLocation,
                    value: isData ? member.value : copy(member.value)
                )
            }
            return Node(value: .mapping(copies), location: node.location, pointer: node.pointer)
        }
    }

    private mutating func replaced(_ node: Node, _ reference: Node, by target: Node) -> Node {
        let path = target.location.file.path
        if path == rootPath { return rewritten(node, to: "#\(target.pointer)") }
        guard path.hasSuffix(".schema.json") else { return copy(target) }
        let key = "\(path)#\(target.pointer)"
        let name = names[key] ?? ModelBuilder.name(of: target)
        if names.updateValue(name, forKey: key) == nil {
            let schema = copy(target)
            schemas.append(
                Self.member(name, Self.mapping((schema.members ?? []).filter { $0.key != "$schema" }, like: schema))
            )
        }
        return rewritten(node, to: "#/components/schemas/\(name)")
    }

    private func rewritten(_ node: Node, to reference: String) -> Node {
        let members = (node.members ?? []).map { member in
            guard member.key == "$ref" else { return member }
            let text = Node.Value.scalar(.init(kind: .string, text: reference))
            return Self.member(
                "$ref",
                Node(value: text, location: member.value.location, pointer: member.value.pointer)
            )
        }
        return Self.mapping(members, like: node)
    }

    private static func mapping(_ members: [Node.Member], like node: Node) -> Node {
        Node(value: .mapping(members), location: node.location, pointer: node.pointer)
    }

    private static func member(_ key: String, _ value: Node) -> Node.Member {
        Node.Member(key: key, keyLocation: value.location, value: value)
    }
}
