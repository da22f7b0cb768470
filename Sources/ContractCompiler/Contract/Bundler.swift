/// Makes a document self-contained. Schemas from other files move to `components/schemas`; any other reference to another file is
/// replaced by its target.
package struct Bundler {
    /// The kind of content at a place in a document. It decides how references there are interpreted.
    private enum Place {
        /// An OpenAPI object.
        case object
        /// A map or list of OpenAPI objects.
        case objects
        /// A map of examples.
        case examples
        /// An object that may be a reference. Its content is data.
        case example
        case schema
        /// A map or list of schemas.
        case schemas
        /// The content of an unknown field of a schema, such as `definitions`.
        case unknown
        case data
    }

    private var registry: Registry
    private(set) var log: DiagnosticLog
    /// The component names of the moved schemas.
    private var names: [NodeKey: String] = [:]
    private var taken: Set<String> = []
    /// Schemas that have a name but are not copied yet.
    private var pending: [(name: String, node: Node)] = []
    /// Components that consist of a reference to a schema file. They become that schema.
    private var adopted: [NodeKey: Node] = [:]
    /// The referenced nodes that are being copied.
    private var open: Set<NodeKey> = []
    private var size = 0
    /// The root file of the bundle. References into it stay unchanged.
    private var rootPath = ""

    /// The maximum nesting of a bundle: twice that of one file.
    private static let depthLimit = 2 * ReadingLimit.depth

    init(registry: Registry, log: DiagnosticLog) {
        self.registry = registry
        self.log = log
    }

    /// Bundles the document at `root`. Returns nil if the document cannot be read; `log` then has the reason.
    package static func bundle(_ root: String, registry: Registry, log: inout DiagnosticLog) -> Node? {
        var registry = registry
        guard let node = registry.root(of: root, log: &log) else { return nil }
        var bundler = Bundler(registry: registry, log: log)
        let bundle = bundler.bundle(node)
        log = bundler.log
        return bundle
    }

    /// The self-contained document. Its nodes keep their original locations.
    mutating func bundle(_ root: Node) -> Node {
        rootPath = root.location.file.path
        adopt(root["components"]?["schemas"]?.members ?? [])
        let document = copy(root, .object, 0)
        var schemas: [Node.Member] = []
        var next = 0
        while next < pending.count {
            let (name, node) = pending[next]
            schemas.append(Self.member(name, schema(node)))
            next += 1
        }
        guard !schemas.isEmpty, let members = document.members else { return document }
        let components = document["components"] ?? Self.mapping([], like: root)
        let own = components["schemas"]?.members ?? []
        let all = Self.mapping(own + schemas, like: components)
        let others = (components.members ?? []).filter { $0.key != "schemas" }
        let merged = Self.mapping(others + [Self.member("schemas", all)], like: components)
        let rest = members.filter { $0.key != "components" }
        return Self.mapping(rest + [Self.member("components", merged)], like: root)
    }

    /// Gives schema files the name of the component that refers to them.
    private mutating func adopt(_ components: [Node.Member]) {
        taken = Set(components.map(\.key))
        for component in components where component.value.members?.count == 1 {
            guard let reference = component.value["$ref"], let target = registry.resolve(reference, log: &log),
                target.location.file.path != rootPath, names[NodeKey(target)] == nil
            else { continue }
            names[NodeKey(target)] = component.key
            adopted[NodeKey(component.value)] = target
        }
    }

    /// The component name of a schema.
    private mutating func schema(_ node: Node) -> Node {
        let schema = copy(node, .schema, 2)
        return Self.mapping((schema.members ?? []).filter { $0.key != "$schema" }, like: schema)
    }

    // MARK: - Copying

    private mutating func copy(_ node: Node, _ place: Place, _ depth: Int) -> Node {
        guard hasRoom(for: node, depth) else { return node }
        switch node.value {
        case .scalar: return node
        case .sequence(let items):
            if place == .data { return node }
            let inner = Self.inside(place)
            return Node(
                value: .sequence(items.map { copy($0, inner, depth + 1) }),
                location: node.location,
                pointer: node.pointer
            )
        case .mapping(let members):
            switch place {
            case .data: return node
            // In a schema with its own URI, references are relative to that URI, wherever the schema is.
            case .object, .schema, .unknown: if node["$id"]?.string != nil { return node }
            case .example: if node["$ref"] == nil { return node }
            case .objects, .examples, .schemas: break
            }
            if let target = adopted[NodeKey(node)] { return schema(target) }
            if let reference = Self.reference(of: node, place), let target = registry.resolve(reference, log: &log) {
                return replaced(node, by: target, place, depth)
            }
            return Self.mapping(members.map { copy($0, place, depth) }, like: node)
        }
    }

    private mutating func copy(_ member: Node.Member, _ place: Place, _ depth: Int) -> Node.Member {
        let value = copy(member.value, Self.place(of: member.key, in: place), depth + 1)
        return Node.Member(key: member.key, keyLocation: member.keyLocation, value: value)
    }

    private static func reference(of node: Node, _ place: Place) -> Node? {
        guard place != .schemas, let reference = node["$ref"] else { return nil }
        // Whether an unknown mapping has names of properties is unknown. A reference is a string, and a property is not.
        return place == .unknown && reference.string == nil ? nil : reference
    }

    private static func inside(_ place: Place) -> Place {
        switch place {
        case .object, .objects: .object
        case .schema, .schemas: .schema
        case .examples: .example
        case .unknown: .unknown
        case .example, .data: .data
        }
    }

    private static func place(of key: String, in place: Place) -> Place {
        // Extensions and examples contain data, even if it looks like a schema.
        if key.hasPrefix("x-") && place != .schemas { return .data }
        switch place {
        case .objects, .schemas, .examples, .example, .data: return inside(place)
        case .object:
            switch key {
            case "schema", "itemSchema": return .schema
            case "schemas": return .schemas
            case "examples": return .examples
            case "example", "default", "enum", "const": return .data
            case "paths", "webhooks", "responses", "headers", "content", "callbacks", "links", "requestBodies",
                "securitySchemes", "pathItems", "mediaTypes", "encoding", "additionalOperations", "parameters":
                return .objects
            default: return .object
            }
        case .unknown:
            return ["example", "examples", "default", "enum", "const"].contains(key) ? .data : .unknown
        case .schema:
            guard let keyword = SchemaKeyword.table[key] else { return .unknown }
            switch keyword.children {
            case .schema: return .schema
            case .list, .map: return .schemas
            case .none: return .data
            }
        }
    }

    // MARK: - References

    private mutating func replaced(_ node: Node, by target: Node, _ place: Place, _ depth: Int) -> Node {
        let path = target.location.file.path
        if path == rootPath { return rewritten(node, to: "#\(target.pointer)", place, depth) }
        if place == .schema || path.hasSuffix(".schema.json") {
            return rewritten(node, to: "#/components/schemas/\(JSONPointer.escape(name(of: target)))", place, depth)
        }
        let key = NodeKey(target)
        guard open.insert(key).inserted else {
            let message = "the target of this reference contains the reference itself"
            log.error(.circularReference, message, at: node["$ref"]?.location ?? node.location)
            return node
        }
        defer { open.remove(key) }
        return copy(target, place, depth)
    }

    private mutating func name(of target: Node) -> String {
        let key = NodeKey(target)
        if let name = names[key] { return name }
        let name = SwiftName.distinct(SwiftName.schema(at: target), &taken)
        names[key] = name
        pending.append((name, target))
        return name
    }

    /// The node with another reference. In a schema, the keywords beside it are kept.
    private mutating func rewritten(_ node: Node, to reference: String, _ place: Place, _ depth: Int) -> Node {
        let members = (node.members ?? []).map { member in
            guard member.key == "$ref" else { return place == .schema ? copy(member, place, depth) : member }
            let text = Node.Value.scalar(.init(kind: .string, text: reference))
            return Self.member(
                "$ref",
                Node(value: text, location: member.value.location, pointer: member.value.pointer)
            )
        }
        return Self.mapping(members, like: node)
    }

    /// Whether another node may be copied. The first one beyond a limit is reported.
    private mutating func hasRoom(for node: Node, _ depth: Int) -> Bool {
        guard depth < Self.depthLimit else {
            let message =
                "more than \(Self.depthLimit) levels of nesting after references to other files are replaced"
            log.error(.nesting, message, at: node.location)
            return false
        }
        size += 1
        if size == ReadingLimit.expandedNodes {
            let message = "more than \(size) nodes after references to other files are replaced"
            log.error(.tooLarge, message, at: node.location)
        }
        return size < ReadingLimit.expandedNodes
    }

    private static func mapping(_ members: [Node.Member], like node: Node) -> Node {
        Node(value: .mapping(members), location: node.location, pointer: node.pointer)
    }

    private static func member(_ key: String, _ value: Node) -> Node.Member {
        Node.Member(key: key, keyLocation: value.location, value: value)
    }
}
