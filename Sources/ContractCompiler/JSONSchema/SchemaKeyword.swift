/// A keyword of JSON Schema 2020-12, or one that OpenAPI adds to it.
package struct SchemaKeyword: Sendable {
    /// The vocabulary that defines it.
    package enum Vocabulary: String, Sendable, CaseIterable {
        case core, applicator, unevaluated, validation, format, content
        case metadata = "meta-data"
        case openAPI = "openapi"
    }

    /// Where its value holds schemas.
    package enum Children: Sendable {
        case none
        /// The value is one.
        case schema
        /// The items of the value are.
        case list
        /// The values of its members are.
        case map
    }

    /// What the compiler makes of it.
    package enum Support: Sendable {
        /// It shapes the generated type or its validation.
        case read
        /// It tells readers something and generated code nothing.
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

    /// Every keyword by its name: the one table of what the compiler knows. What it does not list is unknown.
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

    /// The names of every keyword.
    package static let names = table.keys.sorted()
}
