internal import Formats
internal import Patterns

/// A JSON Schema as written (2020-12), before its references are followed.
final class Schema {
    /// The values of `type`.
    enum TypeName: String, CaseIterable {
        case null, boolean, object, array, number, string, integer
    }

    /// A named schema.
    struct Named {
        let name: String
        let schema: Schema
    }

    /// How a value names its alternative (OpenAPI 3.1, "Discriminator Object").
    struct Discriminator {
        let node: Node
        let property: String
        let mapping: [Node.Member]
    }

    /// The node of the schema.
    let node: Node
    /// The schema resource that contains it. References are relative to the resource.
    let resource: SchemaResource
    private var dialect = Dialect.standard
    /// The value of a boolean schema.
    let always: Bool?
    private(set) var reference: Node?
    private(set) var dynamicReference: Node?
    /// The anchor for dynamic references.
    private(set) var dynamicAnchor: String?
    /// Nil if the schema has no `type`.
    private(set) var types: Set<TypeName>?
    /// The values of `enum`, or the value of `const`.
    private(set) var values: [Node]?
    private(set) var isConstant = false
    private(set) var properties: [Named] = []
    private(set) var patternProperties: [Named] = []
    private(set) var additionalProperties: Schema?
    private(set) var propertyNames: Schema?
    private(set) var unevaluatedProperties: Schema?
    private(set) var required: [String] = []
    private(set) var dependentRequired: [(name: String, others: [String])] = []
    private(set) var dependentSchemas: [Named] = []
    private(set) var minProperties: Int?
    private(set) var maxProperties: Int?
    private(set) var items: Schema?
    private(set) var prefixItems: [Schema] = []
    private(set) var contains: Schema?
    private(set) var minContains: Int?
    private(set) var maxContains: Int?
    private(set) var unevaluatedItems: Schema?
    private(set) var minItems: Int?
    private(set) var maxItems: Int?
    private(set) var uniqueItems = false
    private(set) var minLength: Int?
    private(set) var maxLength: Int?
    private(set) var pattern: String?
    private(set) var format: String?
    private(set) var contentEncoding: String?
    private(set) var contentMediaType: String?
    /// The numeric bounds, in JSON notation.
    private(set) var minimum: String?
    private(set) var maximum: String?
    private(set) var exclusiveMinimum: String?
    private(set) var exclusiveMaximum: String?
    private(set) var multipleOf: String?
    private(set) var allOf: [Schema] = []
    private(set) var anyOf: [Schema] = []
    private(set) var oneOf: [Schema] = []
    private(set) var not: Schema?
    private(set) var condition: Schema?
    private(set) var then: Schema?
    private(set) var otherwise: Schema?
    private(set) var discriminator: Discriminator?
    private(set) var definitions: [Named] = []
    private(set) var defaultValue: Node?
    private(set) var title: String?
    private(set) var description: String?
    private(set) var isReadOnly = false
    private(set) var isWriteOnly = false
    private(set) var swiftName: String?
    /// Known values of an open set of strings (`x-extensible-enum`).
    private(set) var knownValues: [Node]?

    /// Reads the schema at `node`. Errors are added to the log. Returns nil if the node is not a schema.
    init?(_ node: Node, in resource: SchemaResource, index: SchemaIndex, log: inout DiagnosticLog) {
        self.node = node
        self.resource = index.resource(startingAt: node) ?? resource
        always = node.boolean
        guard always == nil else { return }
        guard let fields = Fields(node, "a schema", known: SchemaKeyword.names, log: &log) else { return nil }
        var index = index
        do throws(DialectError) {
            dialect = try index.dialect(of: self.resource, own: node["$schema"]?.string)
        } catch {
            log.strictly(
                .dialect,
                error.description,
                at: (node["$schema"] ?? self.resource.root["$schema"] ?? node).location
            )
        }
        var reader = KeywordReader(fields: fields, resource: self.resource, dialect: dialect, index: index, log: log)
        // The reader owns the log while it reads: a shared log would be copied with each entry.
        log = DiagnosticLog()
        read(&reader)
        log = reader.log
    }

    private func read(_ reader: inout KeywordReader) {
        reference = reader.string("$ref")
        dynamicReference = reader.string("$dynamicRef")
        dynamicAnchor = reader.string("$dynamicAnchor")?.string
        types = reader.types()
        isConstant = reader["const"] != nil
        values = reader["const"].map { [$0] } ?? reader["enum"].map { _ in reader.list("enum") }
        properties = reader.map("properties")
        patternProperties = reader.map("patternProperties")
        additionalProperties = reader.schema("additionalProperties")
        propertyNames = reader.schema("propertyNames")
        unevaluatedProperties = reader.schema("unevaluatedProperties")
        required = reader.names("required")
        dependentRequired = reader.dependencies()
        dependentSchemas = reader.map("dependentSchemas")
        minProperties = reader.count("minProperties")
        maxProperties = reader.count("maxProperties")
        items = reader.schema("items")
        prefixItems = reader.schemas("prefixItems")
        contains = reader.schema("contains")
        minContains = reader.count("minContains")
        maxContains = reader.count("maxContains")
        unevaluatedItems = reader.schema("unevaluatedItems")
        minItems = reader.count("minItems")
        maxItems = reader.count("maxItems")
        uniqueItems = reader.boolean("uniqueItems")
        minLength = reader.count("minLength")
        maxLength = reader.count("maxLength")
        pattern = reader.pattern()
        format = reader.string("format")?.scalar?.text
        contentEncoding = reader.string("contentEncoding")?.string
        contentMediaType = reader.string("contentMediaType")?.string
        readBounds(&reader)
        allOf = reader.schemas("allOf")
        anyOf = reader.schemas("anyOf")
        oneOf = reader.schemas("oneOf")
        not = reader.schema("not")
        condition = reader.schema("if")
        then = reader.schema("then")
        otherwise = reader.schema("else")
        discriminator = reader.discriminator()
        definitions = reader.map("$defs")
        defaultValue = reader["default"]
        title = reader.string("title")?.scalar?.text
        description = reader.string("description")?.scalar?.text
        isReadOnly = reader.boolean("readOnly")
        isWriteOnly = reader.boolean("writeOnly")
        swiftName = reader.string("x-swift-name")?.string
        knownValues = reader["x-extensible-enum"]?.items
        readNullable(&reader)
        reader.checkBounds()
    }

    /// The bounds. OpenAPI 3.0's `exclusiveMinimum: true` becomes the excluded number.
    private func readBounds(_ reader: inout KeywordReader) {
        minimum = reader.number("minimum")
        maximum = reader.number("maximum")
        multipleOf = reader.number("multipleOf")
        if let isExclusive = reader["exclusiveMinimum"]?.boolean {
            reader.noteOldKeyword("exclusiveMinimum")
            if isExclusive { (exclusiveMinimum, minimum) = (minimum, nil) }
        } else {
            exclusiveMinimum = reader.number("exclusiveMinimum")
        }
        if let isExclusive = reader["exclusiveMaximum"]?.boolean {
            reader.noteOldKeyword("exclusiveMaximum")
            if isExclusive { (exclusiveMaximum, maximum) = (maximum, nil) }
        } else {
            exclusiveMaximum = reader.number("exclusiveMaximum")
        }
    }

    /// OpenAPI 3.0's `nullable: true`: adds null to the types, and to the values of an enumeration.
    ///
    /// Without `type`, it also applies to `$ref`, `allOf`, `anyOf` and `oneOf`, because that is what authors mean.
    private func readNullable(_ reader: inout KeywordReader) {
        guard let node = reader["nullable"] else { return }
        reader.noteOldKeyword("nullable")
        guard node.boolean == true else { return }
        acceptsNull = true
        types?.insert(.null)
        if let values, !values.contains(where: { $0.scalar?.kind == .null }) {
            self.values =
                values + [
                    Node(
                        value: .scalar(.init(kind: .null, text: "null")),
                        location: node.location,
                        pointer: node.pointer
                    )
                ]
        }
    }

    /// Whether `nullable` adds null to the other assertions.
    private(set) var acceptsNull = false

    /// Whether dynamic references below may lead back to this schema's resource, which starts here.
    var hasDynamicScope: Bool {
        !resource.dynamicAnchors.isEmpty && NodeKey(resource.root) == NodeKey(node) && node["$id"] != nil
    }

    /// The pattern to check. It is nil if it only excludes U+0000, because readers reject U+0000 in every string.
    var checkedPattern: String? { pattern == #"^[^\u0000]*$"# ? nil : pattern }

    /// The keywords that are assertions.
    var assertions: Set<String> {
        Set(
            (node.members ?? []).map(\.key).filter { name in
                SchemaKeyword.table[name].map { $0.support == .read && $0.vocabulary != .metadata && name != "$defs" }
                    ?? false
            }
        )
    }
}
