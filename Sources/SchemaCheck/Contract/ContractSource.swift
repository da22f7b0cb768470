import ContractCompiler
import JSONSchema

/// The nodes of a contract's files, and what references between them lead to.
final class ContractSource {
    /// The root of the document.
    let root: Node
    /// The version that the document is written in: `3.1`.
    let version: String
    /// The roots of the schema files, referenced or not.
    let schemas: [Node]
    /// The files that were read.
    private(set) var registry: Registry
    private var targets: [NodeKey: Node?] = [:]
    private var validators: [Bool: SchemaLibrary] = [:]
    /// Keywords that all validations applied: what they cost together.
    private(set) var validationSteps = 0
    /// What the reading found.
    private(set) var log: DiagnosticLog

    /// Reads a contract; nil when its document cannot be read, which is then in `log`.
    ///
    /// - Parameter isNormalised: Whether schemas are rewritten as JSON Schema 2020-12 where the document is of OpenAPI 3.0.
    init?(_ files: ContractFiles, isNormalised: Bool = false, log: inout DiagnosticLog) {
        var first = Registry(open: files.open)
        guard let raw = first.root(of: files.root, log: &log) else { return nil }
        version = String(raw["openapi"]?.scalar?.text.prefix(3) ?? "")
        let isOld = isNormalised && version == "3.0"
        registry = isOld ? Registry(open: files.open, transform: OldSchemas.rewritten) : first
        guard let root = registry.root(of: files.root, log: &log) else { return nil }
        self.root = root
        var schemas: [Node] = []
        for path in files.schemas {
            if let schema = registry.root(of: path, log: &log) { schemas.append(schema) }
        }
        self.schemas = schemas
        self.log = log
    }

    /// The file-level resource of a node: what a reference outside of schemas is relative to.
    func resource(of node: Node) -> SchemaResource { registry.resource(of: node) }

    /// The schema resource that a node stands in: what a schema's references are relative to.
    func owner(of node: Node) -> SchemaResource { registry.index.owner(of: node) ?? resource(of: node) }

    /// What a reference leads to, seen from a resource; nil when it leads nowhere, which is then in the log.
    func target(of reference: Node, from resource: SchemaResource) -> (node: Node, resource: SchemaResource)? {
        registry.resolve(reference, from: resource, log: &log)
    }

    /// What a reference of an OpenAPI object leads to.
    func target(of reference: Node) -> Node? {
        let key = NodeKey(reference)
        if let known = targets[key] { return known }
        let target = registry.resolve(reference, from: resource(of: reference), log: &log)?.node
        targets.updateValue(target, forKey: key)
        return target
    }

    /// The node itself, or what its reference, and that one's, leads to.
    func followed(_ node: Node) -> Node? {
        var node = node
        for _ in 0..<64 {
            guard let reference = node["$ref"] else { return node }
            guard let next = target(of: reference) else { return nil }
            node = next
        }
        return nil
    }

    /// The roots of every file that was read.
    var roots: [Node] { registry.paths.compactMap { registry.root(of: $0, log: &log) } }

    /// Whether an instance is valid against a schema of the contract.
    func validate(
        _ instance: Node,
        against schema: Node,
        assertsFormats: Bool = true,
        limit: Int = SchemaLibrary.stepLimit
    ) throws(SchemaError) -> ValidationOutput {
        let resource = owner(of: schema)
        // A library knows the files that were read before its first validation: the walk through a contract reads all of them.
        var library =
            validators.removeValue(forKey: assertsFormats)
            ?? SchemaLibrary(index: registry.index, assertsFormats: assertsFormats)
        let before = library.steps
        defer {
            validationSteps += library.steps - before
            validators[assertsFormats] = library
        }
        return try library.validate(instance, against: schema, in: resource, limit: limit)
    }
}
