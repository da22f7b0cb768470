/// Reads each schema once and follows its references. It also knows facts about schemas that need their references: which schemas
/// apply to one value, and whether a schema restricts values at all.
struct SchemaReader {
    var registry: Registry
    var log: DiagnosticLog
    private var schemas: [NodeKey: Schema?] = [:]
    /// The known results of which schemas apply to the same value.
    private var applications: [NodeKey: Application] = [:]
    /// The schemas that allow null, and the JSON types that schemas accept.
    var nullables: [ObjectIdentifier: Bool] = [:]
    var jsonTypes: [ObjectIdentifier: [String]] = [:]

    init(registry: Registry, log: DiagnosticLog) {
        self.registry = registry
        self.log = log
    }

    /// The schema at `node`, in the resource of its file.
    mutating func schema(at node: Node) -> Schema? { schema(at: node, in: registry.resource(of: node)) }

    /// The schema at `node`. Each schema is read once.
    mutating func schema(at node: Node, in resource: SchemaResource) -> Schema? {
        let key = NodeKey(node)
        if let known = schemas[key] { return known }
        let schema = Schema(node, in: resource, index: registry.index, log: &log)
        schemas.updateValue(schema, forKey: key)
        return schema
    }

    /// The target of a reference of `schema`.
    mutating func follow(_ reference: Node, from schema: Schema) -> Schema? {
        guard let (node, resource) = registry.resolve(reference, from: schema.resource, log: &log) else { return nil }
        return self.schema(at: node, in: resource)
    }

    /// The schema that a value of a discriminator's mapping refers to, if it is a reference and not a schema name.
    mutating func target(_ value: Node, from schema: Schema) -> Schema? {
        guard value.string?.contains(where: { $0 == "/" || $0 == "." }) == true else { return nil }
        return follow(value, from: schema)
    }

    // MARK: - Everything

    /// Whether `schema` accepts every readable JSON value, as a recursive schema for any JSON without U+0000 does.
    mutating func admitsEverything(_ schema: Schema) -> Bool {
        var seen: Set<NodeKey> = []
        var pending = [schema]
        while let schema = pending.popLast() {
            if let always = schema.always {
                if !always { return false }
                continue
            }
            guard seen.insert(NodeKey(schema.node)).inserted else { continue }
            guard schema.assertions.isSubset(of: Self.harmless), schema.checkedPattern == nil,
                schema.types.map({ $0.union([.integer]) == Set(Schema.TypeName.allCases) }) ?? true
            else { return false }
            if let reference = schema.reference {
                guard let target = follow(reference, from: schema) else { return false }
                pending.append(target)
            }
            pending += [schema.items, schema.propertyNames, schema.additionalProperties].compactMap(\.self)
        }
        return true
    }

    /// The keywords that `admitsEverything` handles.
    private static let harmless: Set = [
        "$schema", "$ref", "type", "pattern", "items", "propertyNames", "additionalProperties",
    ]

    // MARK: - Application

    private struct Step {
        let key: NodeKey
        let schema: Schema
        var rest: ArraySlice<Schema>
        var application = Application()
    }

    /// The schemas that `schema` applies to the same value. Computed once per schema and without recursion.
    mutating func application(of schema: Schema) -> Application {
        if let known = applications[NodeKey(schema.node)] { return known }
        var work = [opened(schema)]
        while var step = work.popLast() {
            guard let next = step.rest.popFirst() else {
                close(step)
                if work.isEmpty { return step.application }
                work[work.count - 1].application.add(step.application)
                continue
            }
            let known = applications[NodeKey(next.node)]
            if let known { step.application.add(known) }
            work.append(step)
            if known == nil { work.append(opened(next)) }
        }
        return Application()
    }

    private mutating func opened(_ schema: Schema) -> Step {
        let key = NodeKey(schema.node)
        // A schema that is reached again while it is open starts a cycle.
        applications[key] = Application(isCircular: true)
        return Step(key: key, schema: schema, rest: applied(by: schema)[...])
    }

    private mutating func close(_ step: Step) {
        applications[step.key] = step.application
        guard step.application.depth == Application.depthLimit + 1 else { return }
        log.error(
            .nesting,
            "more than \(Application.depthLimit) nested schemas apply to one value",
            at: step.schema.node.location
        )
    }

    private mutating func applied(by schema: Schema) -> [Schema] {
        var applied = schema.allOf + schema.anyOf + schema.oneOf + schema.dependentSchemas.map(\.schema)
        applied += [schema.not, schema.condition, schema.then, schema.otherwise].compactMap(\.self)
        if let reference = schema.reference, let target = follow(reference, from: schema) { applied.append(target) }
        return applied
    }
}

/// The schemas that a schema applies to the same value: those of its `allOf`, its alternatives and conditions, and its references.
struct Application {
    /// Whether one of them applies it to the same value again, so that validation would not end.
    var isCircular = false
    /// The maximum length of a chain of schemas that apply to the same value.
    var depth = 0

    /// The limit of `depth`. Walks over the schemas of one value recurse, and this bounds them.
    static let depthLimit = 500

    fileprivate mutating func add(_ next: Application) {
        isCircular = isCircular || next.isCircular
        depth = max(depth, next.depth + 1)
    }
}
