internal import Formats

/// What became of every keyword and field of a contract's documents: the compiler enters each as it reads it, and what no entry
/// accounts for was never read.
package struct Ledger: Sendable {
    /// What becomes of a keyword or a field.
    package enum Entry: String, CaseIterable, Sendable {
        /// It shapes the generated code.
        case typed
        /// Generated code checks it.
        case validated
        /// It tells readers something.
        case annotation
        /// Nothing: no specification has it.
        case error
    }

    private var entries: [NodeKey: Entry] = [:]
    private var objects: Set<NodeKey> = []

    /// Fields that tell readers something, in whatever object they stand.
    private static let annotations: Set = [
        "summary", "description", "externalDocs", "servers", "example", "examples", "deprecated", "termsOfService",
        "contact",
        "license", "links", "allowReserved", "allowEmptyValue", "encoding", "itemEncoding", "prefixEncoding",
        "bearerFormat",
        "flows", "oauth2MetadataUrl", "jsonSchemaDialect", "$self", "parent", "kind", "headerEncoding",
    ]
    /// The keywords of schemas that make types; the others that are read are checks.
    private static let typing: Set = [
        "$ref", "$defs", "type", "properties", "required", "additionalProperties", "items", "prefixItems", "enum",
        "const",
        "allOf", "anyOf", "oneOf", "discriminator", "nullable", "default", "readOnly", "writeOnly", "contentEncoding",
        "$id", "$anchor", "$dynamicAnchor",
    ]
    private static let typedFormats: Set = [
        "date-time", "date", "uuid", "byte", "decimal", "binary", "int32", "int64", "float", "double",
    ]

    /// Enters the fields of one object.
    mutating func read(_ node: Node, _ what: String, known: [String]) {
        objects.insert(NodeKey(node))
        for member in node.members ?? [] {
            let key = NodeKey(member.value)
            if !known.contains(member.key), !member.key.hasPrefix("x-") {
                entries[key] = .error
            } else {
                entries[key] = what == "a schema" ? Self.entry(keyword: member) : Self.entry(field: member.key)
            }
        }
    }

    private static func entry(field name: String) -> Entry {
        if ["x-max-body-bytes", "x-optional-security"].contains(name) { return .typed }
        return annotations.contains(name) || name.hasPrefix("x-") ? .annotation : .typed
    }

    private static func entry(keyword member: Node.Member) -> Entry {
        if ["x-swift-name", "x-extensible-enum"].contains(member.key) { return .typed }
        guard let keyword = SchemaKeyword.table[member.key], keyword.support == .read else { return .annotation }
        if typing.contains(member.key) { return .typed }
        switch member.key {
        case "format":
            guard let format = member.value.scalar?.text else { return .annotation }
            return typedFormats.contains(format) ? .typed : Format(rawValue: format) == nil ? .annotation : .validated
        case "contentMediaType": return .annotation
        default: return .validated
        }
    }

    // MARK: - The account

    /// One line of the account.
    package struct Line {
        /// Where the field stands.
        package let node: Node
        /// The field's name.
        package let name: String
        /// What became of it; nil when it was never read.
        package let entry: Entry?
    }

    /// Every field of the documents that is not part of another's data.
    package func lines(of documents: [Node]) -> [Line] {
        var lines: [Line] = []
        for document in documents { account(for: document, &lines) }
        return lines
    }

    private func account(for node: Node, _ lines: inout [Line]) {
        for item in node.items ?? [] { account(for: item, &lines) }
        guard let members = node.members else { return }
        let isObject = objects.contains(NodeKey(node))
        for member in members {
            let entry = entries[NodeKey(member.value)]
            if isObject {
                lines.append(Line(node: member.value, name: member.key, entry: entry))
                // What stands in an annotation, an error or a value is data.
                if entry == .annotation || entry == .error || ["enum", "const", "default"].contains(member.key) {
                    continue
                }
            } else if member.key.hasPrefix("x-") {
                lines.append(Line(node: member.value, name: member.key, entry: .annotation))
                continue
            } else if isUnread(member.value) {
                lines.append(Line(node: member.value, name: member.key, entry: nil))
                continue
            }
            account(for: member.value, &lines)
        }
    }

    /// Whether what stands under a name was never read: a mapping that is no object itself, holds mappings, and leads to no object that
    /// was read, not even through one more name as callbacks do.
    private func isUnread(_ node: Node) -> Bool {
        guard !objects.contains(NodeKey(node)) else { return false }
        let mappings = (node.members ?? []).map(\.value).filter { $0.members?.isEmpty == false }
        let lead = mappings.flatMap { [$0] + ($0.members ?? []).map(\.value) }
        return !mappings.isEmpty && !lead.contains { objects.contains(NodeKey($0)) }
    }

    /// The fields that were never read.
    package func unread(in documents: [Node]) -> [Line] { lines(of: documents).filter { $0.entry == nil } }

    /// The account as text: a line for each field, then the sums.
    package func text(of documents: [Node]) -> String {
        let lines = lines(of: documents)
        var text = ""
        for line in lines {
            text += "\(line.node.location): \(line.entry?.rawValue ?? "UNREAD"): \(line.name) (\(line.node.pointer))\n"
        }
        var sums: [String: [Entry: Int]] = [:]
        for line in lines { if let entry = line.entry { sums[line.name, default: [:]][entry, default: 0] += 1 } }
        text += "\n"
        for entry in Entry.allCases {
            let names = sums.compactMap { name, counts in counts[entry].map { (name, $0) } }.sorted {
                ($1.1, $0.0) < ($0.1, $1.0)
            }
            let sum = names.reduce(0) { $0 + $1.1 }
            text += "\(entry.rawValue): \(sum)\n    \(names.prefix(40).map { "\($0.0) \($0.1)" }.lines(", "))\n"
        }
        let unread = lines.count { $0.entry == nil }
        return text + "\(lines.count) keywords and fields, \(unread) of them unread\n"
    }
}
