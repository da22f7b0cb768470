internal import ContractCompiler
internal import Formats
internal import Patterns

/// Applies compiled schemas to instances.
struct Evaluator {
    /// The members and items of one instance that schemas have evaluated so far.
    struct Evaluated {
        var properties: Set<[UInt8]> = []
        var items: Set<Int> = []

        mutating func formUnion(_ other: Evaluated) {
            properties.formUnion(other.properties)
            items.formUnion(other.items)
        }
    }

    /// The keywords that lead to a place, the last one first.
    indirect enum Path {
        case root
        case below(Path, String)

        var pointer: String {
            switch self {
            case .root: ""
            case .below(let path, let token): "\(path.pointer)/\(token)"
            }
        }

        func adding(_ token: String) -> Path { .below(self, token) }

        func adding(_ keyword: String, _ name: String) -> Path {
            .below(.below(self, keyword), JSONPointer.escape(name))
        }
    }

    private struct Visit: Hashable {
        let schema: ObjectIdentifier
        let instance: NodeKey
    }

    /// The maximum number of keywords applied by one validation.
    static let stepLimit = 1_000_000
    /// The maximum number of open references, and of nested schemas. Each takes some kilobytes of the stack.
    private static let referenceLimit = 512
    private static let depthLimit = 4_096
    private static let errorLimit = 1_000

    private var reader: SchemaReader
    private var scope: [SchemaResource] = []
    private var visits: Set<Visit> = []
    private var errors: [ValidationOutput.Unit] = []
    private var annotations: [ValidationOutput.Unit] = []
    /// The number of keywords that the last validation applied.
    private(set) var steps = 0
    private var stepLimit = Self.stepLimit
    private var depth = 0
    private var rootLength = 0

    init(reader: SchemaReader) {
        self.reader = reader
    }

    mutating func validate(_ instance: Node, against schema: CompiledSchema) throws(SchemaError) -> ValidationOutput {
        (scope, visits, errors, annotations, steps, depth) = ([], [], [], [], 0, 0)
        rootLength = instance.pointer.utf8.count
        let isValid = try evaluate(schema, instance, .root) != nil
        return ValidationOutput(
            isValid: isValid,
            errors: isValid ? [] : errors,
            annotations: isValid ? annotations : []
        )
    }

    /// - Parameter steps: The maximum number of keywords to apply.
    mutating func validate(
        _ instance: Node,
        against node: Node,
        in resource: SchemaResource,
        steps: Int
    ) throws(SchemaError) -> ValidationOutput {
        stepLimit = steps
        return try validate(instance, against: reader.schema(node, in: resource))
    }

    // MARK: - One schema

    /// The items and properties that the schema evaluated; nil if the instance is invalid.
    mutating func evaluate(
        _ schema: CompiledSchema,
        _ instance: Node,
        _ path: Path
    ) throws(SchemaError) -> Evaluated? {
        if let always = schema.always {
            if !always { fail(schema, "", path, instance, "no value is allowed here") }
            return always ? Evaluated() : nil
        }
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else {
            throw SchemaError("more than \(Self.depthLimit) nested schemas apply")
        }
        let entersResource = scope.last !== schema.resource
        if entersResource { scope.append(schema.resource) }
        defer { if entersResource { scope.removeLast() } }
        let annotationCount = annotations.count
        var evaluated = Evaluated()
        var isValid = true
        for clause in schema.clauses {
            steps += 1
            guard steps <= stepLimit else { throw SchemaError("the validation needs more than \(stepLimit) steps") }
            if try !apply(clause, of: schema, to: instance, path, &evaluated) { isValid = false }
        }
        if !isValid { annotations.removeLast(annotations.count - annotationCount) }
        return isValid ? evaluated : nil
    }

    /// Whether the instance matches a schema, without errors and annotations.
    mutating func holds(
        _ schema: CompiledSchema,
        _ instance: Node,
        _ path: Path
    ) throws(SchemaError) -> Evaluated? {
        let errorCount = errors.count
        let result = try evaluate(schema, instance, path)
        errors.removeLast(errors.count - errorCount)
        return result
    }

    mutating func fail(
        _ schema: CompiledSchema,
        _ keyword: String,
        _ path: Path,
        _ instance: Node,
        _ message: String
    ) {
        guard errors.count < Self.errorLimit else { return }
        let pointer = path.pointer + (keyword.isEmpty ? "" : "/\(keyword)")
        var absolute = schema.location(of: keyword)
        if keyword.isEmpty { absolute.removeLast() }
        errors.append(
            .init(
                keywordLocation: pointer,
                absoluteKeywordLocation: absolute,
                instanceLocation: String(instance.pointer.dropFirst(rootLength)),
                error: message,
                annotation: nil
            )
        )
    }

    mutating func annotate(
        _ schema: CompiledSchema,
        _ clause: CompiledSchema.Clause,
        _ path: Path,
        _ instance: Node,
        _ value: String
    ) {
        annotations.append(
            .init(
                keywordLocation: "\(path.pointer)/\(clause.name)",
                absoluteKeywordLocation: schema.location(of: clause.name),
                instanceLocation: String(instance.pointer.dropFirst(rootLength)),
                error: nil,
                annotation: value
            )
        )
    }

    // MARK: - One keyword

    mutating func apply(
        _ clause: CompiledSchema.Clause,
        of schema: CompiledSchema,
        to instance: Node,
        _ path: Path,
        _ evaluated: inout Evaluated
    ) throws(SchemaError) -> Bool {
        switch clause.assertion {
        case .reference, .dynamicReference, .allOf, .anyOf, .oneOf, .not, .condition, .dependentSchemas,
            .dependencies:
            return try applyInPlace(clause, of: schema, to: instance, path.adding(clause.name), &evaluated)
        case .prefixItems, .items, .contains, .unevaluatedItems:
            guard let items = instance.items else { return true }
            return try apply(clause, of: schema, to: instance, items, path, &evaluated)
        case .properties, .patternProperties, .additionalProperties, .propertyNames, .unevaluatedProperties:
            guard let members = instance.members else { return true }
            return try apply(clause, of: schema, to: instance, members, path, &evaluated)
        case .annotation:
            annotate(schema, clause, path, instance, NodeWriter.compactJSON(clause.node))
            return true
        default:
            guard let message = try Assertions.message(clause.assertion, instance) else { return true }
            fail(schema, clause.name, path, instance, message)
            return false
        }
    }

    mutating func applyInPlace(
        _ clause: CompiledSchema.Clause,
        of schema: CompiledSchema,
        to instance: Node,
        _ path: Path,
        _ evaluated: inout Evaluated
    ) throws(SchemaError) -> Bool {
        func count(_ schemas: [CompiledSchema]) throws(SchemaError) -> Int {
            var count = 0
            for (position, branch) in schemas.enumerated() {
                guard let result = try evaluate(branch, instance, path.adding("\(position)")) else { continue }
                evaluated.formUnion(result)
                count += 1
            }
            return count
        }
        let errorCount = errors.count
        switch clause.assertion {
        case .reference(let reference):
            return try apply(target(of: schema, reference), to: instance, path, &evaluated)
        case .dynamicReference(let reference):
            return try apply(dynamicTarget(of: schema, reference), to: instance, path, &evaluated)
        case .allOf(let schemas): return try count(schemas) == schemas.count
        case .anyOf(let schemas):
            guard try count(schemas) == 0 else {
                errors.removeLast(errors.count - errorCount)
                return true
            }
            fail(schema, "", path, instance, "none of \(schemas.count) alternatives matches")
            return false
        case .oneOf(let schemas):
            let holding = try count(schemas)
            if holding == 1 {
                errors.removeLast(errors.count - errorCount)
                return true
            }
            let found = holding == 0 ? "none" : "\(holding)"
            fail(schema, "", path, instance, "\(found) of \(schemas.count) alternatives match, expected exactly one")
            return false
        case .not(let negated):
            let annotationCount = annotations.count
            let holds = try holds(negated, instance, path) != nil
            annotations.removeLast(annotations.count - annotationCount)
            if holds { fail(schema, "", path, instance, "the value matches the schema of 'not'") }
            return !holds
        case .condition(let condition, let then, let otherwise):
            let result = try holds(condition, instance, path)
            if let result { evaluated.formUnion(result) }
            guard let branch = result == nil ? otherwise : then else { return true }
            // The evaluator applies 'then' and 'else' with 'if'.
            guard case .below(let parent, _) = path else { return true }
            return try apply(branch, to: instance, parent.adding(result == nil ? "else" : "then"), &evaluated)
        case .dependentSchemas(let schemas):
            return try apply(dependent: schemas, to: instance, path, &evaluated)
        case .dependencies(let names, let schemas):
            let areThere =
                try Assertions.message(.dependentRequired(names), instance).map {
                    fail(schema, "", path, instance, $0)
                } == nil
            return try apply(dependent: schemas, to: instance, path, &evaluated) && areThere
        default: return true
        }
    }

    mutating func apply(
        dependent schemas: [(String, CompiledSchema)],
        to instance: Node,
        _ path: Path,
        _ evaluated: inout Evaluated
    ) throws(SchemaError) -> Bool {
        var isValid = true
        for (name, dependent) in schemas where instance.has(name) {
            if try !apply(dependent, to: instance, path.adding(JSONPointer.escape(name)), &evaluated) {
                isValid = false
            }
        }
        return isValid
    }

    mutating func apply(
        _ schema: CompiledSchema,
        to instance: Node,
        _ path: Path,
        _ evaluated: inout Evaluated
    ) throws(SchemaError) -> Bool {
        guard let result = try evaluateOnce(schema, instance, path) else { return false }
        evaluated.formUnion(result)
        return true
    }

    /// Throws an error for a reference that leads back to itself without moving through the instance.
    mutating func evaluateOnce(
        _ schema: CompiledSchema,
        _ instance: Node,
        _ path: Path
    ) throws(SchemaError) -> Evaluated? {
        let visit = Visit(schema: ObjectIdentifier(schema), instance: NodeKey(instance))
        guard visits.insert(visit).inserted else {
            throw SchemaError("the schema refers to itself in an endless cycle")
        }
        guard visits.count <= Self.referenceLimit else {
            throw SchemaError("more than \(Self.referenceLimit) references are nested")
        }
        defer { visits.remove(visit) }
        return try evaluate(schema, instance, path)
    }

    mutating func target(of schema: CompiledSchema, _ reference: Node) throws(SchemaError) -> CompiledSchema {
        if let target = schema.target { return target.schema }
        let target = try reader.follow(reference, from: schema)
        schema.target = target
        return target.schema
    }

    /// The outermost schema with the anchor in the dynamic scope (JSON Schema Core 2020-12, section 8.2.3.2).
    mutating func dynamicTarget(
        of schema: CompiledSchema,
        _ reference: Node
    ) throws(SchemaError) -> CompiledSchema {
        if schema.dynamicTarget == nil { schema.dynamicTarget = try reader.follow(reference, from: schema) }
        guard let target = schema.dynamicTarget else { return schema }
        guard let anchor = target.dynamicAnchor else { return target.schema }
        for resource in scope {
            if let outermost = try reader.schema(at: anchor, in: resource) { return outermost }
        }
        return target.schema
    }
}
