internal import Formats

/// The files of a contract, read once each, and what references between them name.
package struct Registry {
    private let open: (String) -> SourceFile?
    private let transform: (Node) -> Node
    private var roots: [String: Node?] = [:]
    /// The schemas of the files that were read.
    package private(set) var index = SchemaIndex()

    /// A registry that gets a file's content, by its normalised path, from `open`; nil means that the contract has no such file.
    ///
    /// - Parameter transform: What is made of each file's root before anything refers to it.
    package init(open: @escaping (String) -> SourceFile?, transform: @escaping (Node) -> Node = { $0 }) {
        self.open = open
        self.transform = transform
    }

    /// The root of the file at `path`; nil when there is none or it cannot be read, which is then in the log.
    package mutating func root(of path: String, log: inout DiagnosticLog) -> Node? {
        if let known = roots[path] { return known }
        let root = open(path).flatMap { Node.read($0, log: &log) }.map(transform)
        roots.updateValue(root, forKey: path)
        if let root { index.addDocument(root, uri: Self.uri(of: path)) }
        return root
    }

    /// Adds a schema that references may reach by its URI.
    package mutating func add(_ schema: Node, uri: String) { index.add(schema, uri: uri) }

    /// The files that were read, by their paths.
    package var paths: [String] { roots.compactMap { $0.value == nil ? nil : $0.key }.sorted() }

    /// The resource of the file that `node` stands in: what a reference outside of schemas is relative to.
    package mutating func resource(of node: Node) -> SchemaResource {
        index.document(Self.uri(of: node.location.file.path), root: node)
    }

    /// The node that a reference names, seen from `resource`; one that leads nowhere is recorded.
    package mutating func resolve(
        _ reference: Node,
        from resource: SchemaResource,
        log: inout DiagnosticLog
    ) -> (node: Node, resource: SchemaResource)? {
        guard let text = reference.string else {
            log.error(.fieldType, "'$ref' is \(reference.kindDescription), expected a string", at: reference.location)
            return nil
        }
        if let found = index.resolve(text, from: resource) { return found }
        let absolute = SchemaIndex.absolute(text, in: resource.uri)
        let document = String(absolute.prefix { $0 != "#" })
        guard document.hasPrefix("file://") else {
            log.error(
                .unresolvedReference,
                "'\(text)' is a URL that no schema of the contract has as its '$id'",
                at: reference.location
            )
            return nil
        }
        let path = URIText.percentDecoded(String(document.dropFirst("file://".count)))
        guard let root = root(of: path, log: &log) else {
            // A file that exists but cannot be read has said so itself.
            if open(path) == nil {
                log.error(
                    .unresolvedReference,
                    "'\(text.prefix { $0 != "#" })' is no file of this contract",
                    at: reference.location
                )
            }
            return nil
        }
        if let found = index.resolve(text, from: resource) { return found }
        let fragment = URIText.percentDecoded(String(absolute.dropFirst(document.count + 1)))
        log.error(
            .unresolvedReference,
            "'\(text)' leads nowhere\(Self.suggestion(for: fragment, in: root))",
            at: reference.location
        )
        return nil
    }

    /// The node that the reference `$ref` of an OpenAPI object names.
    mutating func resolve(_ reference: Node, log: inout DiagnosticLog) -> Node? {
        resolve(reference, from: resource(of: reference), log: &log)?.node
    }

    private static func uri(of path: String) -> String { "file://" + path }

    /// The pointer's last word, if the parent exists and has a similar one.
    private static func suggestion(for pointer: String, in root: Node) -> String {
        guard let slash = pointer.lastIndex(of: "/"),
            let members = root.node(at: String(pointer[..<slash]))?.members
        else { return "" }
        let name = JSONPointer.unescape(String(pointer[pointer.index(after: slash)...]))
        return Suggestion.text(for: name, in: members.map(\.key))
    }

    /// `a/./b/../c` → `a/c`
    package static func normalised(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
        }
        return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }
}
