/// The keywords that a schema resource uses: those of its dialect's vocabularies (JSON Schema Core 2020-12, section 8.1.2).
package struct Dialect: Sendable {
    /// The vocabularies that are in use.
    package let vocabularies: Set<SchemaKeyword.Vocabulary>
    /// Whether `format` is an assertion.
    package let assertsFormats: Bool

    /// The dialect of JSON Schema 2020-12.
    package static let standardURI = "https://json-schema.org/draft/2020-12/schema"
    /// The dialect of OpenAPI 3.1, which is the same with a vocabulary of its own beside.
    static let openAPIURI = "https://spec.openapis.org/oas/3.1/dialect/base"
    /// All vocabularies, `format` an annotation.
    package static let standard = Dialect(vocabularies: Set(SchemaKeyword.Vocabulary.allCases), assertsFormats: false)

    /// Whether a keyword means anything.
    package func has(_ keyword: String) -> Bool {
        SchemaKeyword.table[keyword].map { vocabularies.contains($0.vocabulary) } ?? true
    }
}

/// A dialect that cannot be honoured.
package struct DialectError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong with it.
    package let description: String
}

extension SchemaIndex {
    /// The dialect of a schema of `resource`, as its meta-schema describes it.
    ///
    /// - Parameter own: What the schema says itself, when it is not the root of the resource.
    package mutating func dialect(
        of resource: SchemaResource,
        own: String? = nil
    ) throws(DialectError) -> Dialect {
        guard let uri = own ?? resource.dialect, uri != Dialect.standardURI, uri != Dialect.openAPIURI else {
            return .standard
        }
        guard let (root, _) = resolve(uri, from: resource) else {
            throw DialectError(description: "the dialect '\(uri)' is not known")
        }
        guard let members = root["$vocabulary"]?.members else { return .standard }
        var vocabularies: Set<SchemaKeyword.Vocabulary> = [.core]
        var assertsFormats = false
        for member in members {
            let prefix = "https://json-schema.org/draft/2020-12/vocab/"
            let name = member.key.hasPrefix(prefix) ? String(member.key.dropFirst(prefix.count)) : ""
            if name.hasPrefix("format-") {
                vocabularies.insert(.format)
                if name == "format-assertion" { assertsFormats = true }
            } else if let vocabulary = SchemaKeyword.Vocabulary(rawValue: name) {
                vocabularies.insert(vocabulary)
            } else if member.value.boolean == true {
                let message = "the dialect '\(uri)' requires the vocabulary '\(member.key)', which is not known"
                throw DialectError(description: message)
            }
        }
        return Dialect(vocabularies: vocabularies, assertsFormats: assertsFormats)
    }
}
