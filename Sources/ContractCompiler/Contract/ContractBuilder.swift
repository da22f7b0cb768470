/// Resolves a document and its schemas into a contract.
package struct ContractBuilder {
    private let document: Document
    private var models: ModelBuilder

    /// Reads the document at `root` and all of `schemas`, whether or not it refers to them. Diagnostics are added to `log`. Returns nil
    /// if no contract can be built.
    package static func build(
        root: String,
        schemas: [String],
        registry: Registry,
        log: inout DiagnosticLog
    ) -> Contract? {
        var registry = registry
        guard let node = registry.root(of: root, log: &log) else { return nil }
        var reader = DocumentReader(registry: registry, log: log)
        let document = reader.document(node)
        log = reader.log
        guard let document else { return nil }
        let schemaReader = SchemaReader(registry: reader.registry, log: log)
        var builder = ContractBuilder(document: document, models: ModelBuilder(reader: schemaReader))
        let contract = builder.contract(schemas: schemas)
        log = builder.models.reader.log
        contract.checkSwiftNames(&log)
        return log.hasErrors ? nil : contract
    }

    private mutating func contract(schemas paths: [String]) -> Contract {
        defineSchemas(in: paths)
        var builder = OperationBuilder(document, models)
        let operations = builder.operations()
        let outgoing = document.webhooks.flatMap { builder.outgoing($0) }
        models = builder.models
        return Contract(
            title: document.title,
            version: document.version,
            groups: groups(of: operations),
            outgoing: outgoing + builder.callbacks,
            models: finishedModels(requests: builder.requestRoots, responses: builder.responseRoots),
            rules: models.rules.rules,
            bundle: bundle(),
            examples: models.directedExamples,
            documents: models.reader.registry.paths.compactMap { root(of: $0) }
        )
    }

    // MARK: - Schemas

    /// The models of all schema files and components. All of them take their names before the first is defined.
    private mutating func defineSchemas(in paths: [String]) {
        let files = paths.compactMap { root(of: $0) }
        // A component that consists of a reference to a file is the schema of that file.
        let components = document.components.schemas.filter { !isFileReference($0.value) }
        for node in files { models.declare(node, name: SwiftName.schema(at: node)) }
        for member in components { models.declare(member.value, name: SwiftName.type(member.key)) }
        for node in files + components.map(\.value) {
            if let schema = models.reader.schema(at: node) { models.define(schema) }
        }
    }

    private mutating func root(of path: String) -> Node? {
        models.reader.registry.root(of: path, log: &models.reader.log)
    }

    private func isFileReference(_ node: Node) -> Bool {
        guard let members = node.members, members.count == 1, let text = node["$ref"]?.string else { return false }
        return text.hasSuffix(".schema.json")
    }

    private mutating func bundle() -> Node {
        var bundler = Bundler(registry: models.reader.registry, log: models.reader.log)
        let bundle = bundler.bundle(document.node)
        models.reader.log = bundler.log
        return bundle
    }

    // MARK: - Final models

    /// The final models: recursive values get indirect storage, and each property gets its directions.
    ///
    /// - Parameters:
    ///   - requests: The values that operations read. Read-only properties are omitted from them.
    ///   - responses: The values that operations return. Write-only properties are omitted from them.
    private func finishedModels(requests: [Value], responses: [Value]) -> [Model] {
        let containment = Containment(models.models)
        let read = reached(from: requests)
        let written = reached(from: responses)
        let constants = constants()
        return models.models.map { model in
            var model = model
            model.isRecursive = containment.isCyclic(model.name)
            if case .union(var union) = model.shape {
                union.isIndirect = model.isRecursive
                model.shape = .union(union)
            }
            guard case .structure(let properties, let others) = model.shape else { return model }
            let finished = properties.map { property in
                var property = property
                property.isIndirect = containment.isCyclic(model.name, property.value)
                // A model that is used in one direction only needs no second view.
                if !read.contains(model.name) { property.isReadOnly = false }
                if !written.contains(model.name) { property.isWriteOnly = false }
                if !property.isOptional, case .named(let name) = property.value.kind {
                    property.onlyChoice = constants[name]
                }
                return property
            }
            model.shape = .structure(finished, others: others)
            return model
        }
    }

    /// The enumerations with one case, by name.
    private func constants() -> [String: Enumeration] {
        var constants: [String: Enumeration] = [:]
        for model in models.models {
            guard case .enumeration(let enumeration) = model.shape, enumeration.values.count == 1, !enumeration.isOpen
            else { continue }
            constants[model.name] = enumeration
        }
        return constants
    }

    /// The models that values of these types may contain.
    private func reached(from roots: [Value]) -> Set<String> {
        let shapes = Dictionary(models.models.map { ($0.name, $0.shape) }) { first, _ in first }
        var reached: Set<String> = []
        var work = roots.flatMap(Self.names)
        while let name = work.popLast() {
            guard reached.insert(name).inserted, let shape = shapes[name] else { continue }
            switch shape {
            case .structure(let properties, let others):
                work += properties.flatMap { Self.names($0.value) }
                if case .collected(let value) = others { work += Self.names(value) }
            case .union(let union): work += union.branches.flatMap { Self.names($0.value) }
            case .tuple(let elements, _, let rest): work += (elements + [rest].compactMap(\.self)).flatMap(Self.names)
            case .alias(let value), .wrapper(let value): work += Self.names(value)
            case .enumeration: break
            }
        }
        return reached
    }

    private static func names(_ value: Value) -> [String] {
        switch value.kind {
        case .named(let name): [name]
        case .array(let element, _, _), .map(let element): names(element)
        default: []
        }
    }

    // MARK: - Groups

    /// The groups in the order of `tags`. Undeclared tags, and operations without a tag, come last.
    private func groups(of operations: [(tag: String?, operation: Operation)]) -> [OperationGroup] {
        var order = document.tags.map(\.name)
        for tag in operations.compactMap(\.tag) where !order.contains(tag) { order.append(tag) }
        var names: Set<String> = ["Operations", "OperationsModel"]
        let named = order.compactMap { tag -> OperationGroup? in
            let members = operations.filter { $0.tag == tag }.map(\.operation)
            guard !members.isEmpty else { return nil }
            let name = SwiftName.distinct(SwiftName.type(tag), &names)
            let description = document.tags.first { $0.name == tag }?.description
            return OperationGroup(name: name, description: description, operations: members)
        }
        let rest = operations.filter { $0.tag == nil }.map(\.operation)
        guard !rest.isEmpty else { return named }
        return named + [OperationGroup(name: SwiftName.distinct("Other", &names), description: nil, operations: rest)]
    }
}
