internal import Formats

/// The members of a mapping with a closed set of fields, as the specification defines it for one kind of object.
struct Fields {
    let node: Node
    private let members: [String: Node.Member]

    /// Returns nil if `node` is not a mapping. An unknown field is an error. `x-` fields are allowed.
    ///
    /// - Parameters:
    ///   - what: The kind of object with its article, in the specification's terms.
    ///   - known: The fields that the specification defines.
    init?(_ node: Node, _ what: String, known: [String], log: inout DiagnosticLog) {
        guard let members = node.members else {
            log.error(.fieldType, "\(node.kindDescription) where \(what) was expected", at: node.location)
            return nil
        }
        self.node = node
        self.members = Dictionary(members.map { ($0.key, $0) }) { first, _ in first }
        log.keywordUsage?.read(node, what, known: known)
        for member in members where !member.key.hasPrefix("x-") && !known.contains(member.key) {
            let suggestion = Suggestion.text(for: member.key, in: known)
            log.strictly(.unknownField, "\(what) has no field '\(member.key)'\(suggestion)", at: member.keyLocation)
        }
    }

    private init(_ node: Node, _ members: [String: Node.Member]) {
        self.node = node
        self.members = members
    }

    /// The fields that `isIncluded` accepts.
    func filtered(_ isIncluded: (String) -> Bool) -> Fields {
        members.keys.allSatisfy(isIncluded) ? self : Fields(node, members.filter { isIncluded($0.key) })
    }

    subscript(name: String) -> Node? { members[name]?.value }

    /// The location of a field's name.
    func keyLocation(_ name: String) -> Location? { members[name]?.keyLocation }

    /// A required field.
    func required(_ name: String, of what: String, log: inout DiagnosticLog) -> Node? {
        if members[name] == nil { log.error(.missingField, "\(what) lacks '\(name)'", at: node.location) }
        return members[name]?.value
    }

    /// A string field. A plain scalar that YAML reads as another type is accepted as text, with advice to quote it.
    func string(_ name: String, log: inout DiagnosticLog) -> String? {
        guard let node = members[name]?.value else { return nil }
        if let text = node.string { return text }
        if let scalar = node.scalar, scalar.kind != .null {
            log.warning(
                .unquotedString,
                "'\(name)' is read as the string \"\(scalar.text)\"; quote it",
                at: node.location
            )
            return scalar.text
        }
        log.error(.fieldType, "'\(name)' is \(node.kindDescription), expected a string", at: node.location)
        return nil
    }

    /// A boolean field.
    func boolean(_ name: String, log: inout DiagnosticLog) -> Bool? {
        guard let node = members[name]?.value else { return nil }
        if node.boolean == nil {
            log.error(.fieldType, "'\(name)' is \(node.kindDescription), expected true or false", at: node.location)
        }
        return node.boolean
    }

    /// A non-negative integer. A value above the largest `Int` becomes the largest, because no text or list reaches either.
    func count(_ name: String, log: inout DiagnosticLog) -> Int? {
        guard let node = members[name]?.value else { return nil }
        guard let number = node.jsonNumber.flatMap({ ExactNumber($0) }), number.isInteger, !number.isNegative else {
            let found = node.scalar?.text ?? node.kindDescription
            log.error(.fieldType, "'\(name)' is \(found), expected an integer of at least 0", at: node.location)
            return nil
        }
        return number.integer ?? .max
    }

    /// The members of a field that maps names to objects.
    func map(_ name: String, log: inout DiagnosticLog) -> [Node.Member] {
        guard let node = members[name]?.value else { return [] }
        if node.members == nil {
            log.error(.fieldType, "'\(name)' is \(node.kindDescription), expected a mapping", at: node.location)
        }
        return node.members ?? []
    }

    /// The items of a list field.
    func list(_ name: String, log: inout DiagnosticLog) -> [Node] {
        guard let node = members[name]?.value else { return [] }
        if node.items == nil {
            log.error(.fieldType, "'\(name)' is \(node.kindDescription), expected a sequence", at: node.location)
        }
        return node.items ?? []
    }
}
