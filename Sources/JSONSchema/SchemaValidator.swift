package import ContractCompiler

/// Validates instances against a JSON Schema 2020-12. It is the reference for generated validators.
///
/// It follows the text of the specification clause by clause, and prefers correctness to speed. Time is bounded: a validation that
/// applies more than a million keywords or does not end is an error.
public struct SchemaValidator {
    private var evaluator: Evaluator
    private let root: CompiledSchema

    /// Creates a validator for the schema at `node`, which must be valid against its meta-schema.
    ///
    /// - Parameters:
    ///   - registry: Schemas that references may reach, by absolute URI. The 2020-12 meta-schemas are built in.
    ///   - dialect: The dialect of a schema without `$schema`.
    ///   - assertsFormats: Whether `format` is an assertion, regardless of the dialect.
    package init(
        _ node: Node,
        registry: [String: Node] = [:],
        dialect: String = "https://json-schema.org/draft/2020-12/schema",
        assertsFormats: Bool = false
    ) throws(SchemaError) {
        try self.init(node, index: Self.index(registry, dialect), uri: "urn:schema", dialect, assertsFormats)
    }

    /// Creates a validator for the schema at `node`, which is a part of the document `root`.
    ///
    /// - Parameters:
    ///   - uri: The URI of the document. References are resolved against it.
    ///   - load: Returns the document at a URI that is not known otherwise; nil if there is none.
    package init(
        _ node: Node,
        of root: Node,
        uri: String,
        assertsFormats: Bool,
        load: @escaping (String) -> Node?
    ) throws(SchemaError) {
        var index = Self.index([:], Dialect.standardURI, load: load)
        let resource = index.add(root, uri: uri, dialect: Dialect.standardURI)
        if node.pointer.isEmpty { try Self.checkAgainstMetaSchema(resource, index, Dialect.standardURI) }
        var reader = SchemaReader(index: index, assertsFormats: assertsFormats)
        self.root = try reader.schema(node, in: index.owner(of: node) ?? resource)
        evaluator = Evaluator(reader: reader)
    }

    private init(
        _ node: Node,
        index: SchemaIndex,
        uri: String,
        _ dialect: String,
        _ assertsFormats: Bool
    ) throws(SchemaError) {
        var index = index
        let resource = index.add(node, uri: uri, dialect: dialect)
        try Self.checkAgainstMetaSchema(resource, index, dialect)
        var reader = SchemaReader(index: index, assertsFormats: assertsFormats)
        root = try reader.schema(node, in: resource)
        evaluator = Evaluator(reader: reader)
    }

    /// Validates `instance`.
    package mutating func validate(_ instance: Node) throws(SchemaError) -> ValidationOutput {
        try evaluator.validate(instance, against: root)
    }

    private static func index(
        _ registry: [String: Node],
        _ dialect: String,
        load: @escaping (String) -> Node? = { _ in nil }
    ) -> SchemaIndex {
        var index = SchemaIndex { registry[$0] ?? load($0) }
        for node in MetaSchemas.nodes {
            if let uri = node["$id"]?.string { index.add(node, uri: uri) }
        }
        for (uri, node) in registry.sorted(by: { $0.key < $1.key }) { index.add(node, uri: uri, dialect: dialect) }
        return index
    }

    private static func checkAgainstMetaSchema(
        _ resource: SchemaResource,
        _ index: SchemaIndex,
        _ dialect: String
    ) throws(SchemaError) {
        var index = index
        let uri = resource.dialect ?? dialect
        guard let (node, meta) = index.resolve(uri, from: resource) else {
            throw SchemaError("the dialect '\(uri)' is unknown")
        }
        var reader = SchemaReader(index: index, assertsFormats: false)
        var evaluator = Evaluator(reader: reader)
        let schema = try reader.schema(node, in: meta)
        let output = try evaluator.validate(resource.root, against: schema)
        if let error = output.errors.first {
            let place = error.instanceLocation.isEmpty ? "the root" : error.instanceLocation
            throw SchemaError("the schema is not valid: at \(place), \(error.error ?? "")")
        }
    }
}

extension MetaSchemas {
    /// The meta-schemas, read once. Each text is valid JSON: the tests read all of them.
    package static let nodes: [Node] = texts.compactMap { text in
        let file = SourceFile(path: "meta-schema.json", displayPath: "meta-schema.json", bytes: Array(text.utf8))
        var log = DiagnosticLog()
        return Node.read(file, log: &log)
    }
}

/// The result of a validation, in the specification's `basic` form (JSON Schema Core 2020-12, section 12.4.2).
public struct ValidationOutput: Hashable, Sendable {
    /// One error, or one annotation.
    public struct Unit: Hashable, Sendable {
        /// The path of keywords to this one, including references.
        public let keywordLocation: String
        /// The location of the keyword itself.
        public let absoluteKeywordLocation: String
        /// The place in the instance.
        public let instanceLocation: String
        /// The error; nil for an annotation.
        public let error: String?
        /// The annotation's value as JSON; nil for an error.
        public let annotation: String?
    }

    /// Whether the instance is valid.
    public let isValid: Bool
    /// The errors; empty for a valid instance.
    public let errors: [Unit]
    /// The annotations of a valid instance.
    public let annotations: [Unit]
}

extension ValidationOutput {
    /// The output in the specification's format, as JSON text.
    public var basic: String { json(isValid ? annotations : errors) }

    /// The output without annotations.
    public var errorsOnly: String { json(errors) }

    private func json(_ list: [Unit]) -> String {
        let units = list.map { unit in
            let locations = [
                ("keywordLocation", unit.keywordLocation), ("absoluteKeywordLocation", unit.absoluteKeywordLocation),
                ("instanceLocation", unit.instanceLocation),
            ].map { "\"\($0.0)\":\(NodeWriter.quoted($0.1))" }
            let result =
                unit.error.map { "\"error\":\(NodeWriter.quoted($0))" } ?? "\"annotation\":\(unit.annotation ?? "null")"
            return "{\((locations + [result]).joined(separator: ","))}"
        }
        let member = list.isEmpty ? "" : ",\"\(isValid ? "annotations" : "errors")\":[\(units.joined(separator: ","))]"
        return "{\"valid\":\(isValid)\(member)}"
    }
}
