/// The files of a contract, read once each, and what references between them name.
package struct Registry {
    private let open: (String) -> SourceFile?
    private var roots: [String: Node?] = [:]

    /// A registry that gets a file's content, by its normalised path, from `open`; nil means that the contract has no such file.
    package init(open: @escaping (String) -> SourceFile?) {
        self.open = open
    }

    /// The root of the file at `path`; nil when there is none or it cannot be read, which is then in the log.
    package mutating func root(of path: String, log: inout DiagnosticLog) -> Node? {
        if let known = roots[path] { return known }
        let root = open(path).flatMap { Node.read($0, log: &log) }
        roots.updateValue(root, forKey: path)
        return root
    }

    /// The node that the `$ref` of `node` names; a reference that leads nowhere is recorded.
    mutating func resolve(_ reference: Node, log: inout DiagnosticLog) -> Node? {
        guard let text = reference.string else {
            log.error("'$ref' is \(reference.kindDescription), expected a string", at: reference.location)
            return nil
        }
        let parts = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let pointer = parts.count > 1 ? URIText.percentDecoded(parts[1]) : ""
        let own = reference.location.file.path
        let path = parts[0].isEmpty ? own : Self.normalised(Self.directory(of: own) + parts[0])
        guard !parts[0].contains("://") else {
            log.error("'\(text)' is a URL; references name files of the contract", at: reference.location)
            return nil
        }
        guard let root = root(of: path, log: &log) else {
            // A file that exists but cannot be read has said so itself.
            if open(path) == nil {
                log.error("'\(parts[0])' is no file of this contract", at: reference.location)
            }
            return nil
        }
        guard let target = root.node(at: pointer) else {
            log.error("'\(text)' leads nowhere\(Self.suggestion(for: pointer, in: root))", at: reference.location)
            return nil
        }
        return target
    }

    /// The pointer's last word, if the parent exists and has a similar one.
    private static func suggestion(for pointer: String, in root: Node) -> String {
        guard let slash = pointer.lastIndex(of: "/"),
            let members = root.node(at: String(pointer[..<slash]))?.members
        else { return "" }
        let name = JSONPointer.unescape(String(pointer[pointer.index(after: slash)...]))
        return Suggestion.text(for: name, in: members.map(\.key))
    }

    private static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
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
