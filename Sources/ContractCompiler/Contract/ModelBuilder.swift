internal import Formats
internal import Patterns

/// Turns schemas into models and values: follows references, merges schemas that apply together, chooses names.
///
/// A schema is split into facets: itself, the target of its reference, and the members of its `allOf`. All of them apply. Together they
/// determine the Swift type and the constraints that the codec checks while it reads. Everything else becomes a rule that is checked on
/// the whole value, so no part of a schema is dropped.
struct ModelBuilder {
    var reader: SchemaReader
    private(set) var models: [Model] = []
    /// The index of each model by name.
    private var places: [String: Int] = [:]
    var rules = RuleBuilder()
    private(set) var examples: [Example] = []
    private var recorded: Set<NodeKey> = []
    /// The result for each named schema.
    private var values: [NodeKey: Value] = [:]
    /// The names of schemas that have one before they are read.
    private var declared: [NodeKey: String] = [:]
    private var taken: [String: Node] = [:]
    /// The schemas that are being defined, and those of them that were reached again.
    private var open: Set<NodeKey> = []
    private var recursive: Set<NodeKey> = []
    /// The types that are being built, outermost first, and the pointers of those without a name.
    private var merges: [Merge] = []
    private var openMerges: [[NodeKey]: Int] = [:]
    /// The values of schemas that apply together.
    private var merged: [[NodeKey]: Value] = [:]
    private var copies = 0
    private var size = 0

    init(reader: SchemaReader) {
        self.reader = reader
    }

    // MARK: - Names

    /// Reserves the name of a schema that is a file or a component.
    mutating func declare(_ node: Node, name: String) {
        let key = NodeKey(node)
        guard declared[key] == nil else { return }
        let name = SwiftName.unreserved(node["x-swift-name"]?.string ?? name)
        if let other = taken[name] {
            let note = Diagnostic.Note(message: "the other definition", location: other.location)
            let message = "two schemas are named '\(name)'; rename one with 'x-swift-name'"
            reader.log.strictly(.duplicateName, message, at: node.location, notes: [note])
        }
        declared[key] = unique(name, node)
    }

    /// Takes a name for something other than a schema.
    mutating func take(_ name: String, _ node: Node) { taken[name] = node }

    /// Adds an example of `value`.
    mutating func record(_ example: Node, of value: Value) {
        if recorded.insert(NodeKey(example)).inserted { examples.append(Example(node: example, value: value)) }
    }

    /// Adds the examples in a schema.
    private mutating func recordExamples(_ schema: Schema, of value: Value) {
        for example in [schema.node["example"]].compactMap(\.self) + (schema.node["examples"]?.items ?? []) {
            record(example, of: value)
        }
    }

    /// A name for a schema inside of another. A number is appended if the name is taken.
    private mutating func unique(_ name: String, _ node: Node) -> String {
        let name = SwiftName.numbered(SwiftName.unreserved(name)) { taken[$0] != nil }
        taken[name] = node
        return name
    }

    /// The model of a named schema.
    mutating func define(_ schema: Schema) {
        let key = NodeKey(schema.node)
        guard values[key] == nil, !open.contains(key) else { return }
        if reader.application(of: schema).isCircular {
            reader.log.error(
                .circularReference,
                "this schema applies itself to the same value in an endless cycle",
                at: schema.node.location
            )
            values[key] = Value(kind: .any)
            return
        }
        if declared[key] == nil {
            let name = schema.swiftName ?? SwiftName.schema(at: schema.node)
            declared[key] = unique(name, schema.node)
        }
        let name = declared[key] ?? ""
        open.insert(key)
        defer { open.remove(key) }
        var value = value(of: schema, name: name, isDeclared: true)
        if case .named(name) = value.kind {
        } else if recursive.contains(key) {
            value = wrapped(value, name, schema)
        } else {
            let shape = Model.Shape.alias(value)
            append(Model(name: name, node: schema.node, description: schema.description, shape: shape, rule: nil))
        }
        values[key] = value
        for definition in schema.definitions { define(definition.schema) }
    }

    private mutating func referenced(_ schema: Schema) -> Value {
        let key = NodeKey(schema.node)
        if let value = values[key] { return value }
        if open.contains(key) {
            recursive.insert(key)
            return Value(kind: .named(declared[key] ?? ""), isNullable: Facets.admitsNull(schema, &reader))
        }
        define(schema)
        return values[key] ?? Value(kind: .any)
    }

    // MARK: - Values

    /// The value that a use of `schema` describes. `name` is the name for a type that is created for it.
    mutating func value(of schema: Schema, name: String, isDeclared: Bool = false) -> Value {
        if let always = schema.always { return Value(kind: .any, rule: always ? nil : .never) }
        // Schemas that are too deep have been reported already.
        guard reader.application(of: schema).depth <= Application.depthLimit else { return Value(kind: .any) }
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

    /// The only alternative besides null of a schema that has no other keywords.
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

    /// The target of a schema that consists of a reference: `$ref`, or an `allOf`, `anyOf` or `oneOf` with one member, without other
    /// assertions.
    private mutating func pureTarget(of schema: Schema) -> Schema? {
        guard schema.assertions.isSubset(of: ["$ref", "allOf", "anyOf", "oneOf", "nullable"]), !schema.hasDynamicScope
        else { return nil }
        let parts = schema.allOf + schema.anyOf + schema.oneOf
        if let reference = schema.reference, parts.isEmpty { return reader.follow(reference, from: schema) }
        if schema.reference == nil, parts.count == 1, let only = parts.first, only.always == nil {
            return pureTarget(of: only)
        }
        return nil
    }

    /// The value that all of `schemas` together describe.
    mutating func value(of schemas: [Schema], name: String, at origin: Schema) -> Value {
        if schemas.count == 1, let only = schemas.first { return value(of: only, name: name) }
        return merged(schemas, name: name, at: origin, isDeclared: false)
    }

    private mutating func merged(_ schemas: [Schema], name: String, at origin: Schema, isDeclared: Bool) -> Value {
        let key = schemas.map { NodeKey($0.node) }
        if !isDeclared {
            if let place = openMerges[key] {
                let isNullable = schemas.allSatisfy { Facets.admitsNull($0, &reader) }
                return Value(kind: .named(typeName(of: place)), isNullable: isNullable)
            }
            // In a copy of another schema's properties, create each type only once: copies of copies would never end.
            if copies > 0, let value = merged[key] { return value }
        }
        guard hasRoom(for: schemas, at: origin) else { return Value(kind: .any) }
        merges.append(Merge(name: name, origin: origin))
        if !isDeclared { openMerges[key] = merges.count - 1 }
        var value = shaped(schemas, name: name, at: origin, isDeclared: isDeclared)
        let merge = merges.removeLast()
        if merge.isCopy { copies -= 1 }
        if isDeclared { return value }
        openMerges[key] = nil
        if merge.isRecursive, let typeName = merge.typeName {
            if case .named(typeName) = value.kind {} else { value = wrapped(value, typeName, origin) }
        }
        if merged[key] == nil { merged[key] = value }
        return value
    }

    private mutating func shaped(_ schemas: [Schema], name: String, at origin: Schema, isDeclared: Bool) -> Value {
        var facets = Facets(schemas, &reader)
        if facets.isNever {
            let value = Value(kind: .any, rule: .never)
            recordExamples(origin, of: value)
            return value
        }
        facets.resolveNullableUnion(&reader)
        if !isDeclared, facets.schemas.contains(where: { $0.reference != nil }) {
            merges[merges.count - 1].isCopy = true
            copies += 1
        }
        var shaper = ValueShaper(facets: facets, name: name, origin: origin, isDeclared: isDeclared)
        let value = shaper.value(&self)
        recordExamples(origin, of: value)
        return value
    }

    // MARK: - Limits

    /// A type that is being built from schemas that apply together.
    private struct Merge {
        /// The requested name.
        let name: String
        let origin: Schema
        /// The final name, once it is known.
        var typeName: String?
        /// Whether the schemas were reached again from the inside.
        var isRecursive = false
        /// Whether the properties of another schema are repeated in it.
        var isCopy = false
    }

    /// The maximum nesting of types under construction.
    private static let nestingLimit = 2_000
    /// The maximum number of properties, cases and alternatives of all types together.
    private static let sizeLimit = 500_000

    private mutating func typeName(of place: Int) -> String {
        let merge = merges[place]
        let name = merge.typeName ?? unique(merge.origin.swiftName ?? merge.name, merge.origin.node)
        merges[place].typeName = name
        merges[place].isRecursive = true
        return name
    }

    /// Whether another type may be created. If not, the reason is reported.
    private mutating func hasRoom(for schemas: [Schema], at origin: Schema) -> Bool {
        guard merges.count < Self.nestingLimit else {
            let message = "more than \(Self.nestingLimit) levels of types that contain each other"
            if size <= Self.sizeLimit { reader.log.error(.nesting, message, at: origin.node.location) }
            // The contract has an error now, so stop creating types.
            size = Self.sizeLimit + 1
            return false
        }
        count(schemas.count, at: origin)
        return size <= Self.sizeLimit
    }

    /// Counts the parts of a type. The first one beyond the limit is reported.
    mutating func count(_ parts: Int, at origin: Schema) {
        let isInside = size <= Self.sizeLimit
        size += parts
        guard isInside, size > Self.sizeLimit else { return }
        let message = "all types together have more than \(Self.sizeLimit) properties, cases and alternatives"
        reader.log.error(.tooLarge, message, at: origin.node.location)
    }

    // MARK: - Models

    /// Adds a type, and returns the name that it got.
    mutating func add(
        _ name: String,
        _ schema: Schema,
        _ description: String?,
        isDeclared: Bool,
        rule: Rule?,
        shape: (String) -> Model.Shape
    ) -> String {
        var typeName = name
        if !isDeclared {
            let isWhole = merges.last?.name == name
            typeName = (isWhole ? merges.last?.typeName : nil) ?? unique(schema.swiftName ?? name, schema.node)
            if isWhole { merges[merges.count - 1].typeName = typeName }
        }
        append(
            Model(name: typeName, node: schema.node, description: description, shape: shape(typeName), rule: rule)
        )
        return typeName
    }

    private mutating func append(_ model: Model) {
        places[model.name] = models.count
        models.append(model)
    }

    /// A separate type for a value that contains itself.
    private mutating func wrapped(_ value: Value, _ name: String, _ schema: Schema) -> Value {
        let shape = Model.Shape.wrapper(value)
        append(Model(name: name, node: schema.node, description: schema.description, shape: shape, rule: value.rule))
        return Value(kind: .named(name))
    }

    /// The model with a name.
    func model(_ name: String) -> Model? { places[name].map { models[$0] } }

    /// Changes the model with a name, if it exists.
    mutating func change(_ name: String, _ change: (inout Model) -> Void) {
        if let place = places[name] { change(&models[place]) }
    }
}
