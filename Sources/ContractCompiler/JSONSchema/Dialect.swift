/// The keywords in use in a schema resource: those of its dialect's vocabularies (JSON Schema Core 2020-12, section 8.1.2).
package struct Dialect: Sendable {
    /// The vocabularies in use.
    package let vocabularies: Set<SchemaKeyword.Vocabulary>
    /// Whether `format` is an assertion.
    package let assertsFormats: Bool

    /// The dialect of JSON Schema 2020-12.
    package static let standardURI = "https://json-schema.org/draft/2020-12/schema"
    /// The dialect of OpenAPI 3.1: JSON Schema 2020-12 with one more vocabulary.
    static let openAPIURI = "https://spec.openapis.org/oas/3.1/dialect/base"
    /// All vocabularies, with `format` as an annotation.
    package static let standard = Dialect(vocabularies: Set(SchemaKeyword.Vocabulary.allCases), assertsFormats: false)

    /// Whether the dialect defines a keyword.
    package func has(_ keyword: String) -> Bool {
        SchemaKeyword.table[keyword].map { vocabularies.contains($0.vocabulary) } ?? true
    }
}

/// A dialect that is not supported.
package struct DialectError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The reason.
    package let description: String
}

extension SchemaIndex {
    /// The dialect of a schema of `resource`, as defined by its meta-schema.
    ///
    /// - Parameter own: The schema's own `$schema`, if it is not the root of the resource.
    package mutating func dialect(
        of resource: SchemaResource,
        own: String? = nil
    ) throws(DialectError) -> Dialect {
        guard let uri = own ?? resource.dialect, uri != Dialect.standardURI, uri != Dialect.openAPIURI else {
            return .standard
        }
        guard let (root, _) = resolve(uri, from: resource) else {
            throw DialectError(description: "the dialect '\(uri)' is unknown")
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
                let message = "the dialect '\(uri)' requires the unknown vocabulary '\(member.key)'"
                throw DialectError(description: message)
            }
        }
        return Dialect(vocabularies: vocabularies, assertsFormats: assertsFormats)
    }
}
