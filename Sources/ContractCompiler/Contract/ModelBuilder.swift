internal import Patterns

/// Turns schemas into models and values: follows references, chooses names, checks that constraints fit their types.
struct ModelBuilder {
    var registry: Registry
    var log: DiagnosticLog
    private(set) var models: [Model] = []
    /// What each schema became, by the place it stands in.
    private var values: [String: Value] = [:]
    private var names: [String: Node] = [:]
    /// The schemas that are being defined, outermost first.
    private var open: [String] = []

    init(registry: Registry, log: DiagnosticLog) {
        self.registry = registry
        self.log = log
    }

    /// The model of a schema that has a name of its own: a file, a component, a definition.
    mutating func define(_ schema: Schema, name: String) {
        let key = Self.key(schema.node)
        guard values[key] == nil else { return }
        open.append(key)
        defer { open.removeLast() }
        let name = schema.swiftName ?? name
        guard let value = value(of: schema, name: name) else { return }
        if !models.contains(where: {
            $0.node.pointer == schema.node.pointer && $0.node.location.file === schema.node.location.file
        }) {
            add(name, schema, .alias(value))
        }
        values[key] = value
        for definition in schema.definitions { define(definition.schema, name: name + SwiftName.type(definition.name)) }
    }

    /// What a use of `schema` means; `name` is for a type that it makes on the spot.
    mutating func value(of schema: Schema, name: String) -> Value? {
        if let reference = schema.reference { return referenced(reference) }
        if !schema.anyOf.isEmpty { return nullable(schema, name) }
        let types = schema.types.filter { $0 != .null }
        guard var value = value(of: schema, types: types, name: name) else { return nil }
        value.isNullable = schema.types.contains(.null)
        return value
    }

    private mutating func referenced(_ reference: Node) -> Value? {
        guard let target = registry.resolve(reference, log: &log) else { return nil }
        let key = Self.key(target)
        if let value = values[key] { return value }
        guard let schema = Schema(target, log: &log) else { return nil }
        if open.contains(key) {
            log.error("a structure that contains itself is not supported", at: reference.location)
            return nil
        }
        define(schema, name: Self.name(of: target))
        return values[key]
    }

    /// `anyOf: [T, {type: "null"}]` is a T that may be null.
    private mutating func nullable(_ schema: Schema, _ name: String) -> Value? {
        let others = schema.anyOf.filter { $0.types != [.null] }
        guard schema.anyOf.count == 2, others.count == 1, let other = others.first else {
            log.error(
                "'anyOf' is supported with two alternatives of which one is 'type: \"null\"'",
                at: schema.node.location
            )
            return nil
        }
        admit(["anyOf"], in: schema, "a choice")
        var value = value(of: other, name: name)
        value?.isNullable = true
        return value
    }

    private mutating func value(of schema: Schema, types: [Schema.TypeName], name: String) -> Value? {
        if types == [.number, .string] || types == [.string, .number] {
            guard schema.format == "decimal" else {
                return unsupported("several types without 'format: decimal'", schema)
            }
            return decimal(schema)
        }
        guard let type = types.first, types.count == 1 else {
            // A 'type' that names no type has been reported.
            if types.isEmpty, schema.node["type"] != nil { return nil }
            return unsupported(types.isEmpty ? "a schema without 'type'" : "a choice of several types", schema)
        }
        switch type {
        case .string: return string(schema, name)
        case .integer: return integer(schema)
        case .number:
            admit(["minimum", "maximum"], in: schema, "a number")
            return Value(kind: .number(minimum: schema.minimum?.scalar?.text, maximum: schema.maximum?.scalar?.text))
        case .boolean:
            admit([], in: schema, "a boolean")
            return Value(kind: .boolean)
        case .array: return array(schema, name)
        case .object: return object(schema, name)
        case .null: return nil
        }
    }

    private mutating func string(_ schema: Schema, _ name: String) -> Value? {
        if let values = schema.values { return enumeration(schema, values, name) }
        admit(schema.format == nil ? ["minLength", "maxLength", "pattern"] : ["format"], in: schema, "a string")
        switch schema.format {
        case nil:
            return Value(
                kind: .string(minLength: schema.minLength, maxLength: schema.maxLength, pattern: schema.pattern)
            )
        case "date-time": return Value(kind: .timestamp)
        case "uuid": return Value(kind: .uuid)
        case let format?: return unsupported("'format: \(format)' on a string", schema)
        }
    }

    private mutating func decimal(_ schema: Schema) -> Value {
        admit(["format", "minimum", "maximum"], in: schema, "a decimal")
        for bound in [schema.minimum, schema.maximum] {
            guard let bound, let text = bound.scalar?.text else { continue }
            let parts = text.drop { $0 == "-" }.split(separator: ".", omittingEmptySubsequences: false)
            let isExact = parts.allSatisfy { $0.allSatisfy(\.isNumber) } && parts.joined().count <= 38
            if !isExact || (parts.count > 1 && parts[1].count > 18) {
                let limits = "at most 38 digits, 18 of them after the point, and no exponent"
                log.error("the bound of a decimal has \(limits)", at: bound.location)
            }
        }
        return Value(kind: .decimal(minimum: schema.minimum?.scalar?.text, maximum: schema.maximum?.scalar?.text))
    }

    private mutating func integer(_ schema: Schema) -> Value? {
        admit(["minimum", "maximum", "format"], in: schema, "an integer")
        var minimum = bound(schema.minimum)
        var maximum = bound(schema.maximum)
        switch schema.format {
        case nil, "int64": break
        case "int32":
            minimum = max(minimum ?? .min, Int(Int32.min))
            maximum = min(maximum ?? .max, Int(Int32.max))
        case let format?: return unsupported("'format: \(format)' on an integer", schema)
        }
        return Value(kind: .integer(minimum: minimum, maximum: maximum))
    }

    private mutating func bound(_ node: Node?) -> Int? {
        guard let node else { return nil }
        if node.integer == nil { log.error("the bound of an integer must be one of 64 bits", at: node.location) }
        return node.integer
    }

    private mutating func enumeration(_ schema: Schema, _ nodes: [Node], _ name: String) -> Value? {
        admit([schema.node["enum"] == nil ? "const" : "enum"], in: schema, "an enumeration")
        var cases: [EnumerationCase] = []
        for node in nodes {
            guard let text = node.string else {
                log.error(
                    "\(node.kindDescription) among the values of a string; quote it if it is one",
                    at: node.location
                )
                continue
            }
            let swiftName = SwiftName.property(text)
            if let other = cases.first(where: { $0.swiftName == swiftName }) {
                log.error("the value '\(text)' and '\(other.value)' are the same name in Swift", at: node.location)
            }
            cases.append(EnumerationCase(swiftName: swiftName, value: text))
        }
        if cases.isEmpty { log.error("an enumeration without values accepts nothing", at: schema.node.location) }
        let name = schema.swiftName ?? name
        add(name, schema, .enumeration(cases))
        return Value(kind: .enumeration(name))
    }

    private mutating func array(_ schema: Schema, _ name: String) -> Value? {
        admit(["items", "minItems", "maxItems"], in: schema, "an array")
        guard let items = schema.items else { return unsupported("an array without 'items'", schema) }
        guard let element = value(of: items, name: name + "Item") else { return nil }
        if element.isNullable { return unsupported("an array of nullable items", schema) }
        return Value(kind: .array(of: element, minItems: schema.minItems, maxItems: schema.maxItems))
    }

    private mutating func object(_ schema: Schema, _ name: String) -> Value? {
        admit(["properties", "required", "additionalProperties"], in: schema, "an object")
        if schema.properties.isEmpty, schema.additionalProperties == .allowed { return Value(kind: .object) }
        if schema.properties.isEmpty { return unsupported("an object that can only be empty", schema) }
        let name = schema.swiftName ?? name
        var properties: [Property] = []
        for property in schema.properties {
            guard let property = self.property(property, of: schema, name) else { continue }
            if let other = properties.first(where: { $0.swiftName == property.swiftName }) {
                log.error(
                    "'\(property.name)' and '\(other.name)' are the same name in Swift",
                    at: property.node.location
                )
            }
            properties.append(property)
        }
        if properties.count > 64 { return unsupported("an object of more than 64 properties", schema) }
        add(name, schema, .structure(properties, allowsOthers: schema.additionalProperties == .allowed))
        return Value(kind: .structure(name))
    }

    private mutating func property(_ property: Schema.Property, of parent: Schema, _ parentName: String) -> Property? {
        let schema = property.schema
        guard let value = value(of: schema, name: parentName + SwiftName.type(property.name)) else { return nil }
        return Property(
            swiftName: SwiftName.property(property.name),
            name: property.name,
            value: value,
            isRequired: parent.required.contains(property.name),
            defaultValue: schema.defaultValue.flatMap { defaultValue($0, for: value) },
            description: schema.description,
            node: schema.node
        )
    }

    /// The Swift expression of a `default`, checked against the type that it stands in for.
    mutating func defaultValue(_ node: Node, for value: Value) -> DefaultValue? {
        let text = node.scalar?.text ?? ""
        switch (value.kind, node.scalar?.kind, node.members?.isEmpty) {
        case (.string(let minLength, let maxLength, let pattern), .string?, _)
        where (minLength ?? 0)...(maxLength ?? .max) ~= text.unicodeScalars.count && text.matches(pattern):
            return DefaultValue(expression: SwiftWriter.literal(text))
        case (.integer(let minimum, let maximum), .number?, _):
            if let number = node.integer, (minimum ?? .min)...(maximum ?? .max) ~= number {
                return DefaultValue(expression: text)
            }
        case (.boolean, .boolean?, _): return DefaultValue(expression: text.lowercased())
        case (.object, _, true?): return DefaultValue(expression: ".empty")
        case (.enumeration(let name), .string?, _):
            let cases = models.first { $0.name == name }.flatMap {
                if case .enumeration(let cases) = $0.shape { cases } else { nil }
            }
            if let match = cases?.first(where: { $0.value == text }) {
                return DefaultValue(expression: ".\(match.swiftName)")
            }
        default: break
        }
        let found = text.isEmpty ? node.kindDescription : "'\(text)'"
        log.error("the default \(found) does not fit \(value.swiftType), or is not supported for it", at: node.location)
        return nil
    }

    /// Records every constraint that is not among `keywords`: nothing that a schema asks for is left out silently.
    private mutating func admit(_ keywords: [String], in schema: Schema, _ what: String) {
        let others = ["type", "$defs", "default"] + keywords
        for member in schema.node.members ?? []
        where SchemaKeyword.table[member.key]?.support == .read && !others.contains(member.key) {
            log.error("'\(member.key)' on \(what) is not supported", at: member.keyLocation)
        }
    }

    private mutating func add(_ name: String, _ schema: Schema, _ shape: Model.Shape) {
        if SwiftName.reserved.contains(name) {
            log.error(
                "the generated code needs the name '\(name)' itself; choose another with 'x-swift-name'",
                at: schema.node.location
            )
        }
        if let other = names.updateValue(schema.node, forKey: name) {
            let note = Diagnostic.Note(message: "the other one", location: other.location)
            log.error(
                "two schemas are named '\(name)'; rename one with 'x-swift-name'",
                at: schema.node.location,
                notes: [note]
            )
        }
        models.append(Model(name: name, node: schema.node, description: schema.description, shape: shape))
    }

    private mutating func unsupported(_ what: String, _ schema: Schema) -> Value? {
        log.error("\(what) is not supported", at: schema.node.location)
        return nil
    }

    private static func key(_ node: Node) -> String { "\(node.location.file.path)#\(node.pointer)" }

    /// The name of a schema that references reach: its file's, followed by the name of a definition inside it.
    static func name(of node: Node) -> String {
        let file = node.location.file.path.split(separator: "/").last.map(String.init) ?? ""
        let last =
            node.pointer.split(separator: "/").last.map { SwiftName.type(JSONPointer.unescape(String($0))) } ?? ""
        guard file.hasSuffix(".schema.json") else { return last }
        return SwiftName.type(String(file.dropLast(".schema.json".count))) + last
    }
}

extension String {
    /// Whether the text matches the expression, if there is one.
    fileprivate func matches(_ pattern: String?) -> Bool {
        guard let pattern, let expression = try? Pattern(pattern) else { return true }
        return expression.matches(self)
    }
}
