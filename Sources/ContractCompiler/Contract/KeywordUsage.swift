internal import Formats

/// Records what the compiler does with each keyword and field of a contract. The compiler enters each one as it reads it; a field
/// without an entry was never read.
package struct KeywordUsage: Sendable {
    /// The use of a keyword or field.
    package enum Entry: String, CaseIterable, Sendable {
        /// It shapes the generated code.
        case typed
        /// Generated code checks it.
        case validated
        /// Documentation for readers.
        case annotation
        /// Unknown: no specification defines it.
        case error
    }

    private var entries: [NodeKey: Entry] = [:]
    private var objects: Set<NodeKey> = []

    /// Fields that are documentation in every object.
    private static let annotations: Set = [
        "summary", "description", "externalDocs", "servers", "example", "examples", "deprecated", "termsOfService",
        "contact",
        "license", "links", "allowReserved", "allowEmptyValue", "encoding", "itemEncoding", "prefixEncoding",
        "bearerFormat",
        "flows", "oauth2MetadataUrl", "jsonSchemaDialect", "$self", "parent", "kind", "headerEncoding",
    ]
    /// Schema keywords that determine types. All other keywords that are read are checks.
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

    // MARK: - The report

    /// One line of the report.
    package struct Line {
        /// The pointer of the object.
        package let node: Node
        /// The name of the field.
        package let name: String
        /// Its use; nil if it was never read.
        package let entry: Entry?
    }

    /// Every field of the documents, except those inside of data.
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
                // Annotations, invalid values and literal values contain data.
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

    /// Whether the mapping under a name was never read. It is not an object itself, it contains mappings, and it leads to no object that
    /// was read, not even through one more level of names as in callbacks.
    private func isUnread(_ node: Node) -> Bool {
        guard !objects.contains(NodeKey(node)) else { return false }
        let mappings = (node.members ?? []).map(\.value).filter { $0.members?.isEmpty == false }
        let lead = mappings.flatMap { [$0] + ($0.members ?? []).map(\.value) }
        return !mappings.isEmpty && !lead.contains { objects.contains(NodeKey($0)) }
    }

    /// The fields that were never read.
    package func unread(in documents: [Node]) -> [Line] { lines(of: documents).filter { $0.entry == nil } }

    /// The report as text: one line per field, then the totals.
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
