/// The members of a mapping with a closed vocabulary, as the specification lists them for one kind of object.
struct Fields {
    let node: Node
    private let members: [String: Node]

    /// Nil when `node` is no mapping. A field outside the vocabulary is an error; `x-` fields are free.
    ///
    /// - Parameters:
    ///   - what: The object's kind with its article, as the specification calls it.
    ///   - known: The fields that are read.
    ///   - unsupported: The specification's other fields: an error too, for nothing of a contract may be skipped silently.
    init?(_ node: Node, _ what: String, known: [String], unsupported: [String] = [], log: inout DiagnosticLog) {
        guard let members = node.members else {
            log.error("\(node.kindDescription) where \(what) was expected", at: node.location)
            return nil
        }
        self.node = node
        self.members = Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value) })
        for member in members where !member.key.hasPrefix("x-") && !known.contains(member.key) {
            if unsupported.contains(member.key) {
                log.error("'\(member.key)' of \(what) is not supported", at: member.keyLocation)
            } else {
                let suggestion = Suggestion.text(for: member.key, in: known)
                log.error("\(what) has no field '\(member.key)'\(suggestion)", at: member.keyLocation)
            }
        }
    }

    subscript(name: String) -> Node? { members[name] }

    /// A field that must be there.
    func required(_ name: String, of what: String, log: inout DiagnosticLog) -> Node? {
        if members[name] == nil { log.error("\(what) lacks '\(name)'", at: node.location) }
        return members[name]
    }

    /// A string field. A plain scalar that YAML reads as something else keeps its text, with advice to quote it.
    func string(_ name: String, log: inout DiagnosticLog) -> String? {
        guard let node = members[name] else { return nil }
        if let text = node.string { return text }
        if let scalar = node.scalar, scalar.kind != .null {
            log.warning("'\(name)' is read as the string \"\(scalar.text)\"; quote it", at: node.location)
            return scalar.text
        }
        log.error("'\(name)' is \(node.kindDescription), expected a string", at: node.location)
        return nil
    }

    /// A boolean field.
    func boolean(_ name: String, log: inout DiagnosticLog) -> Bool? {
        guard let node = members[name] else { return nil }
        if node.boolean == nil {
            log.error("'\(name)' is \(node.kindDescription), expected true or false", at: node.location)
        }
        return node.boolean
    }

    /// A field that is a whole number of at least 0.
    func count(_ name: String, log: inout DiagnosticLog) -> Int? {
        guard let node = members[name] else { return nil }
        guard let value = node.integer, value >= 0 else {
            log.error(
                "'\(name)' is \(node.scalar?.text ?? node.kindDescription), expected an integer of at least 0",
                at: node.location
            )
            return nil
        }
        return value
    }

    /// The members of a field that maps names to objects.
    func map(_ name: String, log: inout DiagnosticLog) -> [Node.Member] {
        guard let node = members[name] else { return [] }
        if node.members == nil {
            log.error("'\(name)' is \(node.kindDescription), expected a mapping", at: node.location)
        }
        return node.members ?? []
    }

    /// The items of a field that is a list.
    func list(_ name: String, log: inout DiagnosticLog) -> [Node] {
        guard let node = members[name] else { return [] }
        if node.items == nil {
            log.error("'\(name)' is \(node.kindDescription), expected a sequence", at: node.location)
        }
        return node.items ?? []
    }
}
