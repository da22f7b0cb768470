/// A keyword of JSON Schema 2020-12 or OpenAPI.
package struct SchemaKeyword: Sendable {
    /// The vocabulary that defines it.
    package enum Vocabulary: String, Sendable, CaseIterable {
        case core, applicator, unevaluated, validation, format, content
        case metadata = "meta-data"
        case openAPI = "openapi"
    }

    /// Where its value contains schemas.
    package enum Children: Sendable {
        case none
        /// The value is a schema.
        case schema
        /// The items of the value are schemas.
        case list
        /// The values of its members are schemas.
        case map
    }

    /// How the compiler uses it.
    package enum Support: Sendable {
        /// It shapes the generated type or its validation.
        case read
        /// It is documentation, and does not affect generated code.
        case annotation
    }

    package let vocabulary: Vocabulary
    package let children: Children
    package let support: Support

    private init(_ vocabulary: Vocabulary, _ support: Support = .read, children: Children = .none) {
        self.vocabulary = vocabulary
        self.children = children
        self.support = support
    }

    /// All known keywords by name. A keyword that is not listed is unknown.
    package static let table: [String: SchemaKeyword] = [
        "$id": .init(.core), "$schema": .init(.core, .annotation), "$ref": .init(.core), "$anchor": .init(.core),
        "$dynamicRef": .init(.core), "$dynamicAnchor": .init(.core), "$vocabulary": .init(.core),
        "$comment": .init(.core, .annotation), "$defs": .init(.core, children: .map),

        "allOf": .init(.applicator, children: .list), "anyOf": .init(.applicator, children: .list),
        "oneOf": .init(.applicator, children: .list), "not": .init(.applicator, children: .schema),
        "if": .init(.applicator, children: .schema), "then": .init(.applicator, children: .schema),
        "else": .init(.applicator, children: .schema), "dependentSchemas": .init(.applicator, children: .map),
        "prefixItems": .init(.applicator, children: .list), "items": .init(.applicator, children: .schema),
        "contains": .init(.applicator, children: .schema), "properties": .init(.applicator, children: .map),
        "patternProperties": .init(.applicator, children: .map),
        "additionalProperties": .init(.applicator, children: .schema),
        "propertyNames": .init(.applicator, children: .schema),

        "unevaluatedItems": .init(.unevaluated, children: .schema),
        "unevaluatedProperties": .init(.unevaluated, children: .schema),

        "type": .init(.validation), "enum": .init(.validation), "const": .init(.validation),
        "multipleOf": .init(.validation), "maximum": .init(.validation), "exclusiveMaximum": .init(.validation),
        "minimum": .init(.validation), "exclusiveMinimum": .init(.validation), "maxLength": .init(.validation),
        "minLength": .init(.validation), "pattern": .init(.validation), "maxItems": .init(.validation),
        "minItems": .init(.validation), "uniqueItems": .init(.validation), "maxContains": .init(.validation),
        "minContains": .init(.validation), "maxProperties": .init(.validation), "minProperties": .init(.validation),
        "required": .init(.validation), "dependentRequired": .init(.validation),

        "format": .init(.format),

        "title": .init(.metadata, .annotation), "description": .init(.metadata, .annotation),
        "default": .init(.metadata), "deprecated": .init(.metadata, .annotation), "readOnly": .init(.metadata),
        "writeOnly": .init(.metadata), "examples": .init(.metadata, .annotation),

        "contentEncoding": .init(.content), "contentMediaType": .init(.content),
        "contentSchema": .init(.content, .annotation, children: .schema),

        "discriminator": .init(.openAPI), "nullable": .init(.openAPI), "example": .init(.openAPI, .annotation),
        "externalDocs": .init(.openAPI, .annotation), "xml": .init(.openAPI, .annotation),
    ]

    /// The names of all keywords.
    package static let names = table.keys.sorted()
}

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
