internal import Formats

/// The identity of a node: nodes at the same location are equal.
package struct NodeKey: Hashable, Sendable {
    private let file: ObjectIdentifier
    private let pointer: String

    /// The identity of `node`.
    package init(_ node: Node) {
        self.init(node.location.file, node.pointer)
    }

    fileprivate init(_ file: SourceFile, _ pointer: String) {
        self.file = ObjectIdentifier(file)
        self.pointer = pointer
    }
}

/// A schema with its own URI, and its anchors (JSON Schema Core 2020-12, sections 4.3.5 and 8.2).
package final class SchemaResource: @unchecked Sendable {
    // Only `SchemaIndex` writes to it, while it adds a document and before it returns the resource.

    /// The absolute URI without a fragment.
    package let uri: String
    /// The root of the resource.
    package let root: Node
    /// The value of `$schema`, inherited from the enclosing schema if it is missing.
    package let dialect: String?
    /// The nodes with `$anchor` or `$dynamicAnchor`.
    package fileprivate(set) var anchors: [String: Node] = [:]
    /// The nodes with `$dynamicAnchor`.
    package fileprivate(set) var dynamicAnchors: [String: Node] = [:]

    fileprivate init(uri: String, root: Node, dialect: String?) {
        self.uri = uri
        self.root = root
        self.dialect = dialect
    }
}

/// The schemas that references can reach, by URI.
package struct SchemaIndex {
    private var resources: [String: SchemaResource] = [:]
    private var owners: [NodeKey: SchemaResource] = [:]
    private var found: [String: (node: Node, resource: SchemaResource)] = [:]
    /// The members of large mappings by name: thousands of references may lead into one.
    private var members: [NodeKey: [String: Node]] = [:]
    private let load: (String) -> Node?

    /// Creates an index that calls `load` with the URI of each unknown document.
    package init(load: @escaping (String) -> Node? = { _ in nil }) {
        self.load = load
    }

    /// Adds the schema at `root`, and the schemas inside of it that have a `$id`.
    ///
    /// - Parameters:
    ///   - uri: The URI of the document. Its `$id` is resolved against it.
    ///   - dialect: The dialect of schemas without `$schema`.
    @discardableResult
    package mutating func add(_ root: Node, uri: String, dialect: String? = nil) -> SchemaResource {
        let resource = SchemaResource(
            uri: Self.absolute(Self.id(of: root), in: uri),
            root: root,
            dialect: root["$schema"]?.string ?? dialect
        )
        register(resource)
        resources[uri] = resource
        visit(root, in: resource)
        return resource
    }

    /// Adds a file that is a schema or an OpenAPI document that contains schemas.
    mutating func addDocument(_ root: Node, uri: String) {
        let resource = add(root, uri: uri)
        visitDocument(root, in: resource)
    }

    /// The resource of the file at `uri`. It is created if necessary.
    mutating func document(_ uri: String, root: Node) -> SchemaResource {
        if let known = resources[uri] { return known }
        let resource = SchemaResource(uri: uri, root: root, dialect: nil)
        resources[uri] = resource
        return resource
    }

    /// Searches for schemas inside of nodes that are not schemas.
    private mutating func visitDocument(_ node: Node, in resource: SchemaResource) {
        for item in node.items ?? [] { visitDocument(item, in: resource) }
        for member in node.members ?? [] {
            switch member.key {
            case "schema": visit(member.value, in: resource)
            case "schemas": for schema in member.value.members ?? [] { visit(schema.value, in: resource) }
            case "example", "examples", "default", "enum", "const": break
            default: visitDocument(member.value, in: resource)
            }
        }
    }

    private mutating func register(_ resource: SchemaResource) {
        if resources[resource.uri] == nil { resources[resource.uri] = resource }
        owners[NodeKey(resource.root)] = resource
    }

    private mutating func visit(_ node: Node, in resource: SchemaResource) {
        guard let members = node.members else { return }
        var resource = resource
        if let id = Self.id(of: node), NodeKey(node) != NodeKey(resource.root) {
            let dialect = node["$schema"]?.string ?? resource.dialect
            resource = SchemaResource(uri: Self.absolute(id, in: resource.uri), root: node, dialect: dialect)
            register(resource)
        }
        if let anchor = node["$anchor"]?.string { resource.anchors[anchor] = node }
        if let anchor = node["$dynamicAnchor"]?.string {
            resource.anchors[anchor] = node
            resource.dynamicAnchors[anchor] = node
        }
        for member in members {
            for child in Self.children(of: member) { visit(child, in: resource) }
        }
    }

    /// The schemas directly below a keyword.
    package static func children(of member: Node.Member) -> [Node] {
        switch SchemaKeyword.table[member.key]?.children ?? .none {
        case .none: []
        case .schema: [member.value]
        case .list: member.value.items ?? []
        case .map: (member.value.members ?? []).map(\.value)
        }
    }

    /// The resource that starts at `node`, if any.
    package func resource(startingAt node: Node) -> SchemaResource? { owners[NodeKey(node)] }

    /// The innermost resource that contains a node of a known document.
    package func owner(of node: Node) -> SchemaResource? {
        var pointer = node.pointer[...]
        while true {
            if let owner = owners[NodeKey(node.location.file, String(pointer))] { return owner }
            guard let slash = pointer.lastIndex(of: "/") else { return nil }
            pointer = pointer[..<slash]
        }
    }

    /// The target of `reference` in `resource`, and the resource that contains it.
    package mutating func resolve(_ reference: String, from resource: SchemaResource) -> (
        node: Node, resource: SchemaResource
    )? {
        let text = Self.absolute(reference, in: resource.uri)
        if let known = found[text] { return known }
        let target = target(of: text)
        if let target { found[text] = target }
        return target
    }

    private mutating func target(of text: String) -> (node: Node, resource: SchemaResource)? {
        let parts = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let fragment = parts.count > 1 ? URIText.percentDecoded(parts[1]) : ""
        guard let target = self.resource(at: parts.first ?? "") else { return nil }
        if fragment.isEmpty { return (target.root, target) }
        if !fragment.hasPrefix("/") { return target.anchors[fragment].map { ($0, target) } }
        return follow(fragment, from: target)
    }

    private mutating func resource(at uri: String) -> SchemaResource? {
        if let known = resources[uri] { return known }
        guard let root = load(uri) else { return nil }
        return add(root, uri: uri)
    }

    /// Follows a JSON Pointer and changes the resource where it enters a schema with a `$id`.
    private mutating func follow(
        _ pointer: String,
        from resource: SchemaResource
    ) -> (node: Node, resource: SchemaResource)? {
        var (node, resource) = (resource.root, resource)
        for token in pointer.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let next = child(token, of: node) else { return nil }
            node = next
            resource = owners[NodeKey(node)] ?? resource
        }
        return (node, resource)
    }

    private mutating func child(_ token: Substring, of node: Node) -> Node? {
        guard let list = node.members, list.count > 16 else { return node.node(at: "/" + token) }
        let key = NodeKey(node)
        if members[key] == nil { members[key] = Dictionary(list.map { ($0.key, $0.value) }) { first, _ in first } }
        return members[key]?[JSONPointer.unescape(String(token))]
    }

    /// The value of `$id` if it is a string. Any other value is a property with that name.
    private static func id(of node: Node) -> String? { node["$id"]?.string }

    /// Resolves `reference` against the base URI `base`.
    static func absolute(_ reference: String?, in base: String) -> String {
        // Most references stay within their document.
        if let reference, reference.hasPrefix("#"), !reference.dropFirst().contains("#") {
            return reference == "#" ? base : base + reference
        }
        guard let reference, let target = URIParts(reference), let base = URIParts(base) else { return base }
        var parts = target.resolved(against: base)
        if parts.fragment == "" { parts.fragment = nil }
        return parts.text
    }
}

/// Percent-encoding in references.
enum URIText {
    /// Decodes percent-encoding (RFC 3986, section 2.1). Invalid sequences stay unchanged.
    static func percentDecoded(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
