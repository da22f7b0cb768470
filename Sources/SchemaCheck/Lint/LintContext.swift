import ContractCompiler
import Formats

/// The contract and its indexes, as rules use it.
final class LintContext {
    let source: ContractSource
    /// The same contract with its schemas converted to JSON Schema 2020-12, for validation.
    let normalised: ContractSource
    let walk: DocumentWalk
    private let byKind: [NodeKind: [Visit]]
    /// Every operation of `paths`, callbacks and webhooks.
    let operations: [Visit]
    /// The targets, by file, of references from other files.
    private var incomingReferences: [String: [(pointer: String, location: Location)]] = [:]
    private var pointers: [ObjectIdentifier: [String: String]] = [:]
    /// The options of rules that have them.
    let options: [String: Node]

    init(source: ContractSource, normalised: ContractSource, options: [String: Node]) {
        self.source = source
        self.normalised = normalised
        self.options = options
        walk = DocumentWalk(source)
        byKind = Dictionary(grouping: walk.visits, by: \.kind)
        operations = byKind[.operation] ?? []
    }

    /// The innermost node at a location. A diagnostic without a pointer gets the pointer of that node.
    func pointer(at location: Location) -> String {
        let file = ObjectIdentifier(location.file)
        if pointers[file] == nil {
            var found: [String: String] = [:]
            // Each reading of a file has its own SourceFile.
            if let root = source.roots.first(where: { $0.location.file.path == location.file.path }) {
                Self.collect(root, &found)
            }
            pointers[file] = found
        }
        return pointers[file]?["\(location.line):\(location.column)"] ?? ""
    }

    private static func collect(_ node: Node, _ found: inout [String: String]) {
        found["\(node.location.line):\(node.location.column)"] = node.pointer
        for item in node.items ?? [] { collect(item, &found) }
        for member in node.members ?? [] {
            collect(member.value, &found)
            found["\(member.keyLocation.line):\(member.keyLocation.column)"] = member.value.pointer
        }
    }

    /// The finding with a note about the reference to its file, if it is not in the document itself.
    func withOrigin(_ finding: Finding) -> Finding {
        let path = finding.location.file.path
        guard path != root.location.file.path else { return finding }
        if incomingReferences.isEmpty {
            for reference in walk.references {
                guard let target = reference.target, target.location.file !== reference.node.location.file else {
                    continue
                }
                incomingReferences[target.location.file.path, default: []].append(
                    (target.pointer, reference.node.location)
                )
            }
        }
        let references = (incomingReferences[path] ?? []).filter {
            finding.pointer == $0.pointer || finding.pointer.hasPrefix($0.pointer + "/")
        }
        guard let reference = references.max(by: { $0.pointer.count < $1.pointer.count }) else { return finding }
        var finding = finding
        finding.notes.append(Diagnostic.Note(message: "referenced from here", location: reference.location))
        return finding
    }

    var version: String { source.version }
    var root: Node { source.root }

    func visits(_ kind: NodeKind) -> [Visit] { byKind[kind] ?? [] }

    /// The path items of `paths`, by template.
    var paths: [(template: String, location: Location, item: Visit)] {
        visits(.pathItem).filter { $0.parent?.kind == .paths }.map { ($0.key, $0.keyLocation, $0) }
    }

    /// The resolved parameters of an operation and its path item.
    func parameters(of operation: Visit) -> [Node] {
        let own = parameters(in: operation.node)
        let shared = operation.parent.map { parameters(in: $0.node) } ?? []
        let names = Set(own.map(Self.names))
        return own + shared.filter { !names.contains(Self.names($0)) }
    }

    /// The parameters listed by an operation or path item itself.
    func parameters(in node: Node) -> [Node] { (node["parameters"]?.items ?? []).compactMap(source.followed) }

    /// The location and name that identify a parameter.
    static func names(_ parameter: Node) -> String {
        "\(parameter["in"]?.string ?? "") \(parameter["name"]?.scalar?.text ?? "")"
    }

    /// The resolved responses of an operation, by status.
    func responses(of operation: Visit) -> [(status: String, node: Node)] {
        (operation["responses"]?.members ?? []).filter { !$0.key.hasPrefix("x-") }.compactMap { member in
            source.followed(member.value).map { (member.key, $0) }
        }
    }

    /// A schema, or the target of its reference.
    func resolved(_ schema: Node) -> Node {
        var schema = schema
        for _ in 0..<64 {
            guard let reference = schema["$ref"],
                let target = source.target(of: reference, from: source.owner(of: schema))
            else {
                break
            }
            schema = target.node
        }
        return schema
    }

    /// The types that a schema allows; nil if it does not restrict them.
    func types(of schema: Node) -> [String]? {
        schema["type"].map { ($0.items ?? [$0]).compactMap { $0.scalar?.text } }
    }

    /// The words of a list option of a rule.
    func words(_ rule: String, _ option: String) -> [String]? {
        options[rule]?[option]?.items?.compactMap { $0.scalar?.text }
    }

    /// The members of a map option of a rule.
    func members(_ rule: String, _ option: String) -> [Node.Member] { options[rule]?[option]?.members ?? [] }

    func flag(_ rule: String, _ option: String) -> Bool { options[rule]?[option]?.boolean ?? false }
}

/// Collects the findings of one rule.
struct LintFindings {
    let rule: String
    let severity: Finding.Severity
    private(set) var findings: [Finding] = []

    init(rule: String, severity: Finding.Severity) {
        self.rule = rule
        self.severity = severity
    }

    /// Reports a finding at a value.
    mutating func report(_ message: String, at node: Node, notes: [Diagnostic.Note] = [], fix: String? = nil) {
        report(message, at: node.location, pointer: node.pointer, notes: notes, fix: fix)
    }

    /// Reports a finding at the name of a member.
    mutating func report(_ message: String, at member: Node.Member, notes: [Diagnostic.Note] = [], fix: String? = nil) {
        report(message, at: member.keyLocation, pointer: member.value.pointer, notes: notes, fix: fix)
    }

    /// Reports a finding at the name of an object in its parent.
    mutating func report(_ message: String, key visit: Visit, notes: [Diagnostic.Note] = [], fix: String? = nil) {
        report(
            message,
            at: visit.keyLocation,
            pointer: visit.reference?.pointer ?? visit.node.pointer,
            notes: notes,
            fix: fix
        )
    }

    mutating func report(
        _ message: String,
        at location: Location,
        pointer: String,
        notes: [Diagnostic.Note] = [],
        fix: String? = nil
    ) {
        findings.append(
            Finding(
                code: rule,
                severity: severity,
                message: message,
                location: location,
                pointer: pointer,
                notes: notes,
                fix: fix
            )
        )
    }
}
