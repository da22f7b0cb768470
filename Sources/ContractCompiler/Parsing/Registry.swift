internal import Formats

/// The files of a contract, each read once, and the resolver of references between them.
package struct Registry {
    private let open: (String) -> SourceFile?
    private let transform: (Node) -> Node
    private var roots: [String: Node?] = [:]
    /// The schemas of the files read so far.
    package private(set) var index = SchemaIndex()

    /// Creates a registry. `open` returns the content of a file by its normalised path, or nil if the contract has no such file.
    ///
    /// - Parameter transform: Applied to the root of each file before references into it are resolved.
    package init(open: @escaping (String) -> SourceFile?, transform: @escaping (Node) -> Node = { $0 }) {
        self.open = open
        self.transform = transform
    }

    /// The root of the file at `path`; nil if the file does not exist or cannot be read. The log then has the reason.
    package mutating func root(of path: String, log: inout DiagnosticLog) -> Node? {
        if let known = roots[path] { return known }
        let root = open(path).flatMap { Node.read($0, log: &log) }.map(transform)
        roots.updateValue(root, forKey: path)
        if let root { index.addDocument(root, uri: Self.uri(of: path)) }
        return root
    }

    /// Adds a schema that references can reach by its URI.
    package mutating func add(_ schema: Node, uri: String) { index.add(schema, uri: uri) }

    /// The files read so far, by path.
    package var paths: [String] { roots.compactMap { $0.value == nil ? nil : $0.key }.sorted() }

    /// The resource of the file that contains `node`. References outside of schemas are relative to it.
    package mutating func resource(of node: Node) -> SchemaResource {
        index.document(Self.uri(of: node.location.file.path), root: node)
    }

    /// The target of a reference in `resource`. A missing target is reported.
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
                "'\(text)' is a URL, but no schema of the contract has this '$id'",
                at: reference.location
            )
            return nil
        }
        let path = URIText.percentDecoded(String(document.dropFirst("file://".count)))
        guard let root = root(of: path, log: &log) else {
            // If the file exists but cannot be read, the reason is in the log already.
            if open(path) == nil {
                log.error(
                    .unresolvedReference,
                    "'\(text.prefix { $0 != "#" })' is not a file of this contract",
                    at: reference.location
                )
            }
            return nil
        }
        if let found = index.resolve(text, from: resource) { return found }
        let fragment = URIText.percentDecoded(String(absolute.dropFirst(document.count + 1)))
        log.error(
            .unresolvedReference,
            "'\(text)' does not exist\(Self.suggestion(for: fragment, in: root))",
            at: reference.location
        )
        return nil
    }

    /// The target of the `$ref` of an OpenAPI object.
    mutating func resolve(_ reference: Node, log: inout DiagnosticLog) -> Node? {
        resolve(reference, from: resource(of: reference), log: &log)?.node
    }

    private static func uri(of path: String) -> String { "file://" + path }

    /// Suggests a correction of the pointer's last token, if its parent exists.
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
