import ContractCompiler
import Formats
import JSONSchema

/// One object of a contract, with the path that leads to it.
final class Visit {
    let kind: NodeKind
    let node: Node
    /// Its member name or list index in its parent.
    let key: String
    let keyLocation: Location
    let parent: Visit?
    /// The reference through which the walk reached it.
    let reference: Node?

    init(kind: NodeKind, node: Node, key: String, keyLocation: Location, parent: Visit?, reference: Node?) {
        self.kind = kind
        self.node = node
        self.key = key
        self.keyLocation = keyLocation
        self.parent = parent
        self.reference = reference
    }

    subscript(name: String) -> Node? { node[name] }

    /// The nearest enclosing object of a kind.
    func ancestor(_ kind: NodeKind) -> Visit? {
        var visit = parent
        while let next = visit, next.kind != kind { visit = next.parent }
        return visit
    }
}

/// Walks through the objects of a contract in document order, follows references, and visits each object once.
struct DocumentWalk {
    private let source: ContractSource
    private var seen: Set<Seen> = []
    private(set) var visits: [Visit] = []
    /// Violations of the specification's structure.
    private(set) var faults: [Finding] = []
    /// Every reference in the contract.
    private(set) var references: [Reference] = []

    /// An object with a `$ref`.
    struct Reference {
        /// The value of its `$ref`.
        let node: Node
        /// The object that contains it.
        let object: Node
        /// The kind of object that it replaces.
        let kind: NodeKind
        /// Its target; nil if it does not exist.
        let target: Node?
    }

    private struct Seen: Hashable {
        let node: NodeKey
        let kind: NodeKind
    }

    /// An object to visit.
    private struct Pending {
        let node: Node
        let kind: NodeKind
        let key: String
        let keyLocation: Location
        let parent: Visit?
        var reference: Node?
    }

    /// Targets of references, visited last: this keeps long chains of references out of the recursion.
    private var pending: [Pending] = []

    init(_ source: ContractSource) {
        self.source = source
        pending = [Pending(node: source.root, kind: .root, key: "", keyLocation: source.root.location, parent: nil)]
        pending += source.schemas.map {
            Pending(node: $0, kind: .schema, key: "", keyLocation: $0.location, parent: nil)
        }
        var next = 0
        while next < pending.count {
            visit(pending[next])
            next += 1
        }
    }

    // MARK: - Walking

    private mutating func visit(_ step: Pending) {
        let (node, kind) = (step.node, step.kind)
        // In a schema, `$ref` is one keyword among others.
        if kind != .schema, let reference = node["$ref"], step.reference == nil {
            references.append(
                Reference(node: reference, object: node, kind: kind, target: source.target(of: reference))
            )
            guard let target = source.followed(node) else { return }
            pending.append(
                Pending(
                    node: target,
                    kind: kind,
                    key: step.key,
                    keyLocation: step.keyLocation,
                    parent: step.parent,
                    reference: reference
                )
            )
            return
        }
        guard seen.insert(Seen(node: NodeKey(node), kind: kind)).inserted else { return }
        if kind == .schema, node.boolean != nil, source.version != "3.0" || step.key == "additionalProperties" {
            return
        }
        guard let members = node.members else {
            return fault("\(node.kindDescription) where \(kind.phrase) was expected", at: node)
        }
        let visit = Visit(
            kind: kind,
            node: node,
            key: step.key,
            keyLocation: step.keyLocation,
            parent: step.parent,
            reference: step.reference
        )
        visits.append(visit)
        if kind == .schema { follow(node, visit) }
        let shape = kind.shape
        check(visit, members, shape)
        for member in members where !member.key.hasPrefix("x-") {
            guard let field = shape.fields[member.key] ?? shape.entries else { continue }
            walk(member.value, field, member.key, member.keyLocation, visit)
        }
    }

    /// The targets of schema references are part of the contract too.
    private mutating func follow(_ node: Node, _ visit: Visit) {
        guard let reference = node["$ref"], reference.string != nil else { return }
        let target = source.target(of: reference, from: source.owner(of: node))?.node
        references.append(Reference(node: reference, object: node, kind: .schema, target: target))
        guard let target else { return }
        pending.append(
            Pending(
                node: target,
                kind: .schema,
                key: visit.key,
                keyLocation: visit.keyLocation,
                parent: visit,
                reference: reference
            )
        )
    }

    private mutating func walk(_ node: Node, _ field: FieldShape, _ key: String, _ place: Location, _ parent: Visit) {
        switch field {
        case .any: return
        case .object(let kind): visit(Pending(node: node, kind: kind, key: key, keyLocation: place, parent: parent))
        case .list(let item):
            guard let items = node.items else {
                return fault("'\(key)' is \(node.kindDescription), expected a sequence", at: node)
            }
            for (index, value) in items.enumerated() { walk(value, item, "\(index)", value.location, parent) }
        case .map(let entry):
            guard let members = node.members else {
                return fault("'\(key)' is \(node.kindDescription), expected a mapping", at: node)
            }
            for member in members where !member.key.hasPrefix("x-") {
                walk(member.value, entry, member.key, member.keyLocation, parent)
            }
        case .types:
            for name in node.items ?? [node] { checkWord(name, Self.types(in: source.version), "type") }
            if node.items != nil, source.version == "3.0" {
                fault("'type' is a sequence, expected a string in OpenAPI 3.0", at: node)
            }
        case .either(let first, let second):
            let isOld = source.version == "3.0"
            if case .boolean = second, node.boolean != nil {
                if !isOld {
                    fault("'\(key)' is a boolean, expected a number: only OpenAPI 3.0 allows booleans", at: node)
                }
                return
            }
            walk(node, isOld ? second : first, key, place, parent)
        case .word(let words): checkWord(node, words, key)
        case .string, .boolean, .integer, .number, .scalar: checkScalar(node, field, key)
        }
    }

    private static func types(in version: String) -> [String] {
        ["object", "array", "string", "number", "integer", "boolean"] + (version == "3.0" ? [] : ["null"])
    }

    // MARK: - Checking

    private mutating func check(_ visit: Visit, _ members: [Node.Member], _ shape: ObjectShape) {
        for name in shape.required where visit.node[name] == nil {
            // OpenAPI 3.2 makes the description of a response optional.
            if visit.kind == .response, source.version == "3.2" { continue }
            fault("\(visit.kind.phrase) lacks '\(name)'", at: visit.node)
        }
        guard shape.entries == nil else { return checkEntries(visit, members) }
        for member in members where !member.key.hasPrefix("x-") {
            if shape.fields[member.key] == nil {
                // JSON Schema 2020-12 allows unknown keywords, so report only those that look like a typing mistake.
                let names = shape.fields.keys.filter { (shape.since[$0] ?? "3.0") <= source.version }
                let suggestion = Suggestion.text(for: member.key, in: names)
                fault("\(visit.kind.phrase) has no field '\(member.key)'\(suggestion)", at: member)
            } else if let version = shape.since[member.key], version > source.version, !source.version.isEmpty {
                let message =
                    "\(visit.kind.phrase) has the field '\(member.key)' since OpenAPI \(version), this document is \(source.version)"
                fault(message, at: member)
            }
        }
        checkAlternatives(visit)
    }

    private mutating func checkEntries(_ visit: Visit, _ members: [Node.Member]) {
        for member in members where !member.key.hasPrefix("x-") {
            switch visit.kind {
            case .paths where !member.key.hasPrefix("/"):
                fault("the path '\(member.key)' does not start with '/'", at: member)
            case .responses where !Self.isStatus(member.key):
                fault(
                    "'\(member.key)' is not a status, expected 100 to 599, a range like 4XX, or default",
                    at: member
                )
            default: continue
            }
        }
    }

    private static func isStatus(_ text: String) -> Bool {
        if text == "default" { return true }
        let characters = Array(text.utf8)
        guard characters.count == 3, (UInt8(ascii: "1")...UInt8(ascii: "5")).contains(characters[0]) else {
            return false
        }
        return text.hasSuffix("XX") || Int(text) != nil
    }

    /// Checks the specification's rules about combinations of fields.
    private mutating func checkAlternatives(_ visit: Visit) {
        let node = visit.node
        switch visit.kind {
        case .root
        where node["paths"] == nil && (source.version == "3.0" || node["webhooks"] == nil && node["components"] == nil):
            fault("an OpenAPI document lacks 'paths'", at: node)
        case .operation where node["responses"] == nil && source.version == "3.0":
            fault("an operation lacks 'responses'", at: node)
        case .parameter, .header:
            if node["schema"] == nil, node["content"] == nil { fault("\(visit.kind.phrase) lacks 'schema'", at: node) }
            if node["schema"] != nil, node["content"] != nil {
                fault("\(visit.kind.phrase) has 'schema' and 'content', expected only one of them", at: node)
            }
            if visit.kind == .parameter, node["in"]?.string == "path", node["required"]?.boolean != true {
                fault("a path parameter needs 'required: true'", at: node)
            }
        case .securityScheme: checkScheme(node)
        case .link where (node["operationRef"] == nil) == (node["operationId"] == nil):
            fault("a link must have either 'operationRef' or 'operationId'", at: node)
        case .license where node["url"] != nil && node["identifier"] != nil:
            fault("a license has 'url' and 'identifier', expected only one of them", at: node)
        default: return
        }
    }

    private mutating func checkScheme(_ node: Node) {
        let needed: [String: [String]] = [
            "apiKey": ["name", "in"], "http": ["scheme"], "oauth2": ["flows"], "openIdConnect": ["openIdConnectUrl"],
        ]
        for name in needed[node["type"]?.string ?? ""] ?? [] where node[name] == nil {
            fault("a security scheme of type '\(node["type"]?.string ?? "")' lacks '\(name)'", at: node)
        }
    }

    private mutating func checkWord(_ node: Node, _ words: [String], _ name: String) {
        guard let text = node.scalar?.text, node.string != nil else {
            return fault(
                "'\(name)' is \(node.kindDescription), expected one of \(words.joined(separator: ", "))",
                at: node
            )
        }
        if !words.contains(text) {
            let suggestion = Suggestion.text(for: text, in: words)
            fault("'\(name)' is '\(text)', expected one of \(words.joined(separator: ", "))\(suggestion)", at: node)
        }
    }

    private mutating func checkScalar(_ node: Node, _ field: FieldShape, _ name: String) {
        let expected: String? =
            switch field {
            case .string: node.string == nil ? "a string" : nil
            case .boolean: node.boolean == nil ? "true or false" : nil
            case .number: node.jsonNumber == nil ? "a number" : nil
            case .integer:
                node.number?.isInteger == true && node.number?.isNegative == false ? nil : "an integer of at least 0"
            case .scalar: node.scalar == nil || node.scalar?.kind == .null ? "a string" : nil
            default: nil
            }
        if let expected { fault("'\(name)' is \(node.kindDescription), expected \(expected)", at: node) }
    }

    private mutating func fault(_ message: String, at node: Node) {
        faults.append(
            Finding(code: "struct", severity: .error, message: message, location: node.location, pointer: node.pointer)
        )
    }

    private mutating func fault(_ message: String, at member: Node.Member) {
        let place = (member.keyLocation, member.value.pointer)
        faults.append(Finding(code: "struct", severity: .error, message: message, location: place.0, pointer: place.1))
    }
}

extension NodeKind {
    /// The kind with its article, in the specification's terms.
    var phrase: String {
        switch self {
        case .root: "an OpenAPI document"
        case .info: "an info object"
        case .license: "a license"
        case .externalDocs: "an external documentation object"
        case .paths: "a paths object"
        case .webhooks: "a webhooks object"
        case .pathItem: "a path item"
        case .operation: "an operation"
        case .serverVariable: "a server variable"
        case .requestBody: "a request body"
        case .mediaTypes: "a content object"
        case .mediaType: "a media type"
        case .encoding: "an encoding"
        case .responses: "a responses object"
        case .example: "an example"
        case .xml: "an XML object"
        case .components: "a components object"
        case .securityScheme: "a security scheme"
        case .flows: "an OAuth flows object"
        case .implicitFlow, .passwordFlow, .clientCredentialsFlow, .authorizationCodeFlow, .deviceFlow: "an OAuth flow"
        case .securityRequirement: "a security requirement"
        case .contact, .server, .tag, .parameter, .header, .response, .link, .callback, .schema, .discriminator:
            "a \(rawValue.lowercased())"
        }
    }
}
