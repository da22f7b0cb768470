internal import Patterns

/// A JSON Schema as it is written (2020-12), its references not followed yet.
final class Schema: Sendable {
    /// The values of `type`.
    enum TypeName: String, CaseIterable {
        case null, boolean, object, array, number, string, integer
    }

    /// What `additionalProperties` says.
    enum AdditionalProperties {
        case allowed
        case forbidden
    }

    struct Property {
        let name: String
        let schema: Schema
    }

    /// Where the schema stands.
    let node: Node
    /// The value of `$ref`.
    let reference: Node?
    let types: [TypeName]
    let properties: [Property]
    let required: Set<String>
    let additionalProperties: AdditionalProperties
    let items: Schema?
    let anyOf: [Schema]
    /// The values of `enum`, or the only value that `const` leaves.
    let values: [Node]?
    let format: String?
    let minItems: Int?
    let maxItems: Int?
    let minLength: Int?
    let maxLength: Int?
    /// An expression that was read and found to be one.
    let pattern: String?
    let minimum: Node?
    let maximum: Node?
    let defaultValue: Node?
    let description: String?
    let swiftName: String?
    /// The schemas of `$defs`.
    let definitions: [Property]

    /// Reads the schema at `node`; what is wrong with it is in the log.
    init?(_ node: Node, log: inout DiagnosticLog) {
        guard let fields = Fields(node, "a schema", known: SchemaKeyword.names, log: &log) else {
            return nil
        }
        self.node = node
        reference = fields["$ref"]
        types = Self.types(fields["type"], log: &log)
        properties = Self.schemas(fields.map("properties", log: &log), log: &log)
        definitions = Self.schemas(fields.map("$defs", log: &log), log: &log)
        required = Self.required(fields, log: &log)
        additionalProperties = Self.additionalProperties(fields["additionalProperties"], log: &log)
        items = fields["items"].flatMap { Schema($0, log: &log) }
        var alternatives: [Schema] = []
        for alternative in fields.list("anyOf", log: &log) {
            if let schema = Schema(alternative, log: &log) { alternatives.append(schema) }
        }
        anyOf = alternatives
        values = fields["enum"] == nil ? fields["const"].map { [$0] } : fields.list("enum", log: &log)
        format = fields.string("format", log: &log)
        minItems = fields.count("minItems", log: &log)
        maxItems = fields.count("maxItems", log: &log)
        minLength = fields.count("minLength", log: &log)
        maxLength = fields.count("maxLength", log: &log)
        pattern = Self.pattern(fields, log: &log)
        minimum = Self.number(fields["minimum"], "minimum", log: &log)
        maximum = Self.number(fields["maximum"], "maximum", log: &log)
        defaultValue = fields["default"]
        description = fields.string("description", log: &log)
        swiftName = fields.string("x-swift-name", log: &log)
        checkBounds(fields, log: &log)
        checkReference(fields, log: &log)
        checkRequired(fields, log: &log)
    }

    private static func types(_ node: Node?, log: inout DiagnosticLog) -> [TypeName] {
        guard let node else { return [] }
        return (node.items ?? [node]).compactMap { item in
            if let name = item.string ?? item.scalar?.text, let type = TypeName(rawValue: name) { return type }
            let names = TypeName.allCases.map(\.rawValue)
            let found = item.scalar.map { "'\($0.text)'" } ?? item.kindDescription
            let suggestion = Suggestion.text(for: item.scalar?.text ?? "", in: names)
            log.error(
                "\(found) is no type; the types are \(names.joined(separator: ", "))\(suggestion)",
                at: item.location
            )
            return nil
        }
    }

    private static func schemas(_ members: [Node.Member], log: inout DiagnosticLog) -> [Property] {
        members.compactMap { member in
            Schema(member.value, log: &log).map { Property(name: member.key, schema: $0) }
        }
    }

    private static func required(_ fields: Fields, log: inout DiagnosticLog) -> Set<String> {
        var names: Set<String> = []
        for item in fields.list("required", log: &log) {
            guard let name = item.scalar?.text else {
                log.error("\(item.kindDescription) in 'required', expected a property's name", at: item.location)
                continue
            }
            if !names.insert(name).inserted { log.error("'\(name)' is required twice", at: item.location) }
        }
        return names
    }

    private static func additionalProperties(_ node: Node?, log: inout DiagnosticLog) -> AdditionalProperties {
        guard let node else { return .allowed }
        if let allowed = node.boolean { return allowed ? .allowed : .forbidden }
        log.error(
            "'additionalProperties' is supported as true or false, found \(node.kindDescription)",
            at: node.location
        )
        return .allowed
    }

    private static func number(_ node: Node?, _ keyword: String, log: inout DiagnosticLog) -> Node? {
        guard let node else { return nil }
        if let scalar = node.scalar, scalar.kind == .number, JSONReader.isNumber(scalar.text) { return node }
        let found = node.scalar.map { "'\($0.text)'" } ?? node.kindDescription
        log.error("'\(keyword)' is \(found), expected a number as JSON writes it", at: node.location)
        return nil
    }

    private static func pattern(_ fields: Fields, log: inout DiagnosticLog) -> String? {
        guard let source = fields.string("pattern", log: &log), let node = fields["pattern"] else { return nil }
        do throws(PatternError) {
            return try Pattern(source).source
        } catch {
            log.error("the pattern cannot be used: \(error)", at: node.location)
            return nil
        }
    }

    private func checkBounds(_ fields: Fields, log: inout DiagnosticLog) {
        for (low, high) in [("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")] {
            guard let least = fields[low], let most = fields[high], let leastText = least.scalar?.text,
                let mostText = most.scalar?.text, let leastValue = Double(leastText), let mostValue = Double(mostText),
                leastValue > mostValue
            else { continue }
            let note = Diagnostic.Note(message: "'\(high)' is given here", location: most.location)
            log.error("'\(low)' (\(leastText)) is above '\(high)' (\(mostText))", at: least.location, notes: [note])
        }
    }

    /// In 2020-12 the siblings of `$ref` count; those that only tell something are supported.
    private func checkReference(_ fields: Fields, log: inout DiagnosticLog) {
        guard fields["$ref"] != nil else { return }
        let allowed: Set = ["$ref", "$comment", "title", "description", "examples", "default", "deprecated"]
        for member in node.members ?? [] where !allowed.contains(member.key) && !member.key.hasPrefix("x-") {
            log.error("'\(member.key)' beside '$ref' is not supported", at: member.keyLocation)
        }
    }

    private func checkRequired(_ fields: Fields, log: inout DiagnosticLog) {
        let names = properties.map(\.name)
        for item in fields["required"]?.items ?? [] {
            guard let name = item.scalar?.text, !names.contains(name) else { continue }
            let suggestion = Suggestion.text(for: name, in: names)
            log.error("'\(name)' is required but is no property\(suggestion)", at: item.location)
        }
    }
}
