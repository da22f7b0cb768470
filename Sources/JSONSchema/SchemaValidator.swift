package import ContractCompiler

/// Validates instances against a JSON Schema 2020-12: the reference that generated validators are measured by.
///
/// It follows the specification's text clause by clause and is made to be right rather than fast. Time is bounded: a validation
/// that applies more than a million keywords, or that leads back to where it began, is an error.
public struct SchemaValidator {
    private var evaluator: Evaluator
    private let root: CompiledSchema

    /// A validator for the schema at `node`, which its meta-schema must accept.
    ///
    /// - Parameters:
    ///   - registry: Schemas that references may reach, by absolute URI. The 2020-12 meta-schemas are known without.
    ///   - dialect: The dialect of a schema without `$schema`.
    ///   - assertsFormats: Whether `format` is an assertion, whatever the dialect says.
    package init(
        _ node: Node,
        registry: [String: Node] = [:],
        dialect: String = "https://json-schema.org/draft/2020-12/schema",
        assertsFormats: Bool = false
    ) throws(SchemaError) {
        try self.init(node, index: Self.index(registry, dialect), uri: "urn:schema", dialect, assertsFormats)
    }

    /// A validator for the schema at `node`, which is a part of the document `root`.
    ///
    /// - Parameters:
    ///   - uri: Where the document lies: what its references are relative to.
    ///   - load: The document at a URI that nothing else has; nil where there is none.
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

    /// Whether `instance` is valid, and why not.
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
            throw SchemaError("the dialect '\(uri)' is not known")
        }
        var reader = SchemaReader(index: index, assertsFormats: false)
        var evaluator = Evaluator(reader: reader)
        let schema = try reader.schema(node, in: meta)
        let output = try evaluator.validate(resource.root, against: schema)
        if let error = output.errors.first {
            let place = error.instanceLocation.isEmpty ? "its root" : error.instanceLocation
            throw SchemaError("the schema is not valid: at \(place), \(error.error ?? "")")
        }
    }
}

extension MetaSchemas {
    /// The meta-schemas, read once. Each text is JSON: the tests read all of them.
    package static let nodes: [Node] = texts.compactMap { text in
        let file = SourceFile(path: "meta-schema.json", displayPath: "meta-schema.json", bytes: Array(text.utf8))
        var log = DiagnosticLog()
        return Node.read(file, log: &log)
    }
}

/// What a validation found, in the specification's `basic` form (JSON Schema Core 2020-12, section 12.4.2).
public struct ValidationOutput: Hashable, Sendable {
    /// One error, or one annotation.
    public struct Unit: Hashable, Sendable {
        /// The path of keywords that led here, references included.
        public let keywordLocation: String
        /// The keyword's own place.
        public let absoluteKeywordLocation: String
        /// Where in the instance.
        public let instanceLocation: String
        /// What was found and what was expected; nil for an annotation.
        public let error: String?
        /// The annotation's value as JSON; nil for an error.
        public let annotation: String?
    }

    /// Whether the instance is valid.
    public let isValid: Bool
    /// Why not; empty for a valid instance.
    public let errors: [Unit]
    /// What the schema says about the parts of a valid instance.
    public let annotations: [Unit]
}

extension ValidationOutput {
    /// The output as the specification writes it: one JSON text.
    public var basic: String { json(isValid ? annotations : errors) }

    /// The same without annotations.
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
