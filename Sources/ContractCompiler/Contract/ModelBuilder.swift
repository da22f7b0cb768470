internal import Formats
internal import Patterns

/// Turns schemas into models and values: follows references, merges what holds together, chooses names.
///
/// A schema is taken apart into facets: itself, what it refers to, and the members of its `allOf`, all of which hold at once. The
/// facets together give the Swift type and the constraints that the codec checks while it reads. Whatever they leave unsaid becomes
/// a rule that is checked on the whole value, so that nothing of a schema is dropped.
struct ModelBuilder {
    var registry: Registry
    var log: DiagnosticLog
    var models: [Model] = []
    var rules = RuleBuilder()
    private(set) var examples: [Example] = []
    private var recorded: Set<NodeKey> = []
    private var schemas: [NodeKey: Schema?] = [:]
    /// What each schema with a name became.
    private var values: [NodeKey: Value] = [:]
    /// The names of the schemas that have one before they are read.
    private var declared: [NodeKey: String] = [:]
    private var taken: [String: Node] = [:]
    /// The schemas that are being defined, outermost first, and those of them that were met again inside.
    private var open: [NodeKey] = []
    private var recursive: Set<NodeKey> = []
    private var circular: [NodeKey: Bool] = [:]

    init(registry: Registry, log: DiagnosticLog) {
        self.registry = registry
        self.log = log
    }

    // MARK: - Schemas

    /// The schema at `node`, read once.
    mutating func schema(at node: Node, in resource: SchemaResource) -> Schema? {
        let key = NodeKey(node)
        if let known = schemas[key] { return known }
        let schema = Schema(node, in: resource, index: registry.index, log: &log)
        schemas.updateValue(schema, forKey: key)
        return schema
    }

    /// The schema that a reference of `schema` names.
    mutating func follow(_ reference: Node, from schema: Schema) -> Schema? {
        guard let (node, resource) = registry.resolve(reference, from: schema.resource, log: &log) else { return nil }
        return self.schema(at: node, in: resource)
    }

    /// The schema that the value of a discriminator's mapping names, if it is a reference and not a bare name.
    mutating func target(_ value: Node, from schema: Schema) -> Schema? {
        guard value.string?.contains(where: { $0 == "/" || $0 == "." }) == true else { return nil }
        return follow(value, from: schema)
    }

    /// Reserves the name of a schema that has one of its own: a file, a component.
    mutating func declare(_ node: Node, name: String) {
        let key = NodeKey(node)
        guard declared[key] == nil else { return }
        let name = SwiftName.unreserved(node["x-swift-name"]?.string ?? name)
        if let other = taken[name] {
            let note = Diagnostic.Note(message: "the other one", location: other.location)
            let message = "two schemas are named '\(name)'; rename one with 'x-swift-name'"
            log.strictly(.duplicateName, message, at: node.location, notes: [note])
        }
        declared[key] = unique(name, node)
    }

    /// Takes a name for something that is no schema.
    mutating func take(_ name: String, _ node: Node) { taken[name] = node }

    /// Notes an example of `value`.
    mutating func record(_ example: Node, of value: Value) {
        if recorded.insert(NodeKey(example)).inserted { examples.append(Example(node: example, value: value)) }
    }

    /// Notes the examples that a schema gives of itself.
    private mutating func recordExamples(_ schema: Schema, of value: Value) {
        for example in [schema.node["example"]].compactMap(\.self) + (schema.node["examples"]?.items ?? []) {
            record(example, of: value)
        }
    }

    /// A name for a schema that stands inside another; numbered when it is taken.
    private mutating func unique(_ name: String, _ node: Node) -> String {
        let name = SwiftName.unreserved(name)
        var candidate = name
        var number = 1
        while taken[candidate] != nil {
            number += 1
            candidate = "\(name)\(number)"
        }
        taken[candidate] = node
        return candidate
    }

    /// Whether a schema applies itself to the value that it is applied to, and so would never come to an end.
    private mutating func isCircular(_ schema: Schema) -> Bool {
        let key = NodeKey(schema.node)
        if let known = circular[key] { return known }
        // A schema that is met again while its own alternatives are followed is the start of a circle.
        circular[key] = true
        var applied = schema.allOf + schema.anyOf + schema.oneOf + schema.dependentSchemas.map(\.schema)
        applied += [schema.not, schema.condition, schema.then, schema.otherwise].compactMap(\.self)
        if let reference = schema.reference, let target = follow(reference, from: schema) { applied.append(target) }
        var found = false
        for schema in applied where isCircular(schema) { found = true }
        circular[key] = found
        return found
    }

    /// The model of a schema that has a name of its own.
    mutating func define(_ schema: Schema) {
        let key = NodeKey(schema.node)
        guard values[key] == nil, !open.contains(key) else { return }
        if isCircular(schema) {
            log.error(
                .circularReference,
                "this schema applies itself to the same value without end",
                at: schema.node.location
            )
            values[key] = Value(kind: .any)
            return
        }
        if declared[key] == nil {
            let name = schema.swiftName ?? Self.name(of: schema.node)
            declared[key] = unique(name, schema.node)
        }
        let name = declared[key] ?? ""
        open.append(key)
        defer { open.removeLast() }
        var value = value(of: schema, name: name, isDeclared: true)
        if case .named(name) = value.kind {
        } else if recursive.contains(key) {
            models.append(
                Model(
                    name: name,
                    node: schema.node,
                    description: schema.description,
                    shape: .wrapper(value),
                    rule: value.rule
                )
            )
            value = Value(kind: .named(name))
        } else {
            let shape = Model.Shape.alias(value)
            models.append(
                Model(name: name, node: schema.node, description: schema.description, shape: shape, rule: nil)
            )
        }
        values[key] = value
        for definition in schema.definitions { define(definition.schema) }
    }

    private mutating func referenced(_ schema: Schema) -> Value {
        let key = NodeKey(schema.node)
        if let value = values[key] { return value }
        if open.contains(key) {
            recursive.insert(key)
            return Value(kind: .named(declared[key] ?? ""), isNullable: Facets.admitsNull(schema, &self))
        }
        define(schema)
        return values[key] ?? Value(kind: .any)
    }

    // MARK: - Values

    /// What a use of `schema` means; `name` is for a type that it makes on the spot.
    mutating func value(of schema: Schema, name: String, isDeclared: Bool = false) -> Value {
        if let always = schema.always { return Value(kind: .any, rule: always ? nil : Rule(text: ".never")) }
        if let target = pureTarget(of: schema) {
            var value = referenced(target)
            if schema.acceptsNull, !value.isNullable { value = nullable(value) }
            recordExamples(schema, of: value)
            return value
        }
        if !isDeclared, let branch = nullableBranch(of: schema) {
            let value = nullable(value(of: branch, name: name))
            recordExamples(schema, of: value)
            return value
        }
        return merged([schema], name: name, at: schema, isDeclared: isDeclared)
    }

    /// The one alternative beside null of a schema that says nothing else.
    private func nullableBranch(of schema: Schema) -> Schema? {
        guard schema.assertions.isSubset(of: ["anyOf", "oneOf"]), schema.anyOf.isEmpty != schema.oneOf.isEmpty else {
            return nil
        }
        let branches = schema.anyOf + schema.oneOf
        let others = branches.filter { !Facets.isNull($0) }
        return others.count == 1 && branches.count == 2 && others[0].always == nil ? others[0] : nil
    }

    private func nullable(_ value: Value) -> Value {
        switch value.kind {
        case .any, .null: return value
        default:
            var value = value
            value.isNullable = true
            value.rule = value.rule?.orNull
            return value
        }
    }

    /// The schema that another only refers to, by `$ref` or as the one member of `allOf`, and says nothing about itself.
    private mutating func pureTarget(of schema: Schema) -> Schema? {
        guard schema.assertions.isSubset(of: ["$ref", "allOf", "nullable"]), !schema.hasDynamicScope else { return nil }
        if let reference = schema.reference, schema.allOf.isEmpty { return follow(reference, from: schema) }
        if schema.reference == nil, schema.allOf.count == 1, schema.allOf[0].always == nil {
            return pureTarget(of: schema.allOf[0])
        }
        return nil
    }

    /// What holds when all of `schemas` do.
    mutating func value(of schemas: [Schema], name: String, at origin: Schema) -> Value {
        schemas.count == 1
            ? value(of: schemas[0], name: name) : merged(schemas, name: name, at: origin, isDeclared: false)
    }

    private mutating func merged(_ schemas: [Schema], name: String, at origin: Schema, isDeclared: Bool) -> Value {
        var facets = Facets(schemas, &self)
        if facets.isNever {
            let value = Value(kind: .any, rule: Rule(text: ".never"))
            recordExamples(origin, of: value)
            return value
        }
        facets.resolveNullableUnion(&self)
        var shaper = ValueShaper(facets: facets, name: name, origin: origin, isDeclared: isDeclared)
        let value = shaper.value(&self)
        recordExamples(origin, of: value)
        return value
    }

    // MARK: - Models

    /// Adds a type; the name that it got.
    mutating func add(
        _ name: String,
        _ schema: Schema,
        _ description: String?,
        isDeclared: Bool,
        rule: Rule?,
        shape: (String) -> Model.Shape
    ) -> String {
        let name = isDeclared ? name : unique(schema.swiftName ?? name, schema.node)
        models.append(Model(name: name, node: schema.node, description: description, shape: shape(name), rule: rule))
        return name
    }

    /// The rule of `schema`, but for the keywords that its type covers.
    mutating func rule(_ schema: Schema, covered: Set<String> = []) -> Rule? {
        var rules = self.rules
        self.rules = RuleBuilder()
        defer { self.rules = rules }
        return rules.rule(schema, covered: covered, in: &self)
    }

    /// Everything that `schema` says, seen from its own resource.
    mutating func wholeRule(_ schema: Schema) -> Rule? {
        guard !schema.resource.dynamicAnchors.isEmpty else { return rule(schema) }
        var rules = self.rules
        self.rules = RuleBuilder()
        defer { self.rules = rules }
        return Rule(text: ".reference { \(rules.constant(for: schema, in: &self)) }")
    }

    /// The name of a schema that references reach: its file's, followed by the names on the way to it.
    static func name(of node: Node) -> String {
        let file = node.location.file.path.split(separator: "/").last.map(String.init) ?? ""
        let skipped: Set = [
            "components", "schemas", "properties", "items", "allOf", "anyOf", "oneOf", "$defs", "definitions", "schema",
            "content", "paths", "not",
        ]
        let words = node.pointer.split(separator: "/").map { JSONPointer.unescape(String($0)) }.filter {
            !skipped.contains($0)
        }
        let path = words.map(SwiftName.type).joined()
        guard file.hasSuffix(".schema.json") else {
            return path.isEmpty ? SwiftName.type(file.split(separator: ".").first.map(String.init) ?? "Schema") : path
        }
        return SwiftName.type(String(file.dropLast(".schema.json".count))) + path
    }
}
