import ContractCompiler
import JSONSchema

/// The parsed files of a contract, and the resolver of references between them.
final class ContractSource {
    /// The root of the document.
    let root: Node
    /// The OpenAPI version of the document: `3.1`.
    let version: String
    /// The roots of all schema files, whether or not a reference leads to them.
    let schemas: [Node]
    /// The files read so far.
    private(set) var registry: Registry
    private var targets: [NodeKey: Node?] = [:]
    private var validators: [Bool: SchemaLibrary] = [:]
    /// Counts the keywords applied by all validations, to limit their total cost.
    private(set) var validationSteps = 0
    /// Diagnostics from reading.
    private(set) var log: DiagnosticLog

    /// Reads a contract. Returns nil if the document cannot be read; `log` then has the reason.
    ///
    /// - Parameter isNormalised: Whether the schemas of an OpenAPI 3.0 document are rewritten as JSON Schema 2020-12.
    init?(_ files: ContractFiles, isNormalised: Bool = false, log: inout DiagnosticLog) {
        var first = Registry(open: files.open)
        guard let raw = first.root(of: files.root, log: &log) else { return nil }
        version = String(raw["openapi"]?.scalar?.text.prefix(3) ?? "")
        let isOld = isNormalised && version == "3.0"
        registry = isOld ? Registry(open: files.open, transform: OpenAPI30Schemas.rewritten) : first
        guard let root = registry.root(of: files.root, log: &log) else { return nil }
        self.root = root
        var schemas: [Node] = []
        for path in files.schemas {
            if let schema = registry.root(of: path, log: &log) { schemas.append(schema) }
        }
        self.schemas = schemas
        self.log = log
    }

    /// The file of a node: references outside of schemas are relative to it.
    func resource(of node: Node) -> SchemaResource { registry.resource(of: node) }

    /// The schema resource that contains a node: references in schemas are relative to it.
    func owner(of node: Node) -> SchemaResource { registry.index.owner(of: node) ?? resource(of: node) }

    /// The target of a reference in a resource. If it does not exist, the result is nil and the log has a diagnostic.
    func target(of reference: Node, from resource: SchemaResource) -> (node: Node, resource: SchemaResource)? {
        registry.resolve(reference, from: resource, log: &log)
    }

    /// The target of the `$ref` of an OpenAPI object.
    func target(of reference: Node) -> Node? {
        let key = NodeKey(reference)
        if let known = targets[key] { return known }
        let target = registry.resolve(reference, from: resource(of: reference), log: &log)?.node
        targets.updateValue(target, forKey: key)
        return target
    }

    /// The node itself, or the end of its chain of references.
    func followed(_ node: Node) -> Node? {
        var node = node
        for _ in 0..<64 {
            guard let reference = node["$ref"] else { return node }
            guard let next = target(of: reference) else { return nil }
            node = next
        }
        return nil
    }

    /// The roots of all files read so far.
    var roots: [Node] { registry.paths.compactMap { registry.root(of: $0, log: &log) } }

    /// Whether an instance is valid against a schema of the contract.
    func validate(
        _ instance: Node,
        against schema: Node,
        assertsFormats: Bool = true,
        limit: Int = SchemaLibrary.stepLimit
    ) throws(SchemaError) -> ValidationOutput {
        let resource = owner(of: schema)
        // The library keeps the files it was given at its first validation. The walk through the contract has read all of them by then.
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
