/// What becomes of each keyword of JSON Schema 2020-12.
///
/// This is the one table of what the compiler supports; a keyword that it does not list is an unknown one.
enum SchemaKeyword {
    enum Support {
        /// It shapes the generated type or its validation.
        case read
        /// It tells readers something and generated code nothing.
        case annotation
        /// The specification has it and the compiler does not: an error at its place.
        case unsupported
    }

    static let table: [String: Support] = [
        "$ref": .read, "$defs": .read,
        "$schema": .annotation, "$comment": .annotation,
        "$id": .unsupported, "$anchor": .unsupported, "$dynamicRef": .unsupported, "$dynamicAnchor": .unsupported,
        "$vocabulary": .unsupported,
        "type": .read, "enum": .read, "const": .read,
        "properties": .read, "required": .read, "additionalProperties": .read,
        "items": .read, "minItems": .read, "maxItems": .read,
        "minLength": .read, "maxLength": .read, "pattern": .read, "minimum": .read, "maximum": .read, "format": .read,
        "anyOf": .read, "default": .read,
        "title": .annotation, "description": .annotation, "examples": .annotation, "example": .annotation,
        "deprecated": .annotation, "readOnly": .unsupported, "writeOnly": .unsupported,
        "contentEncoding": .unsupported, "contentMediaType": .unsupported, "contentSchema": .unsupported,
        "exclusiveMinimum": .unsupported, "exclusiveMaximum": .unsupported,
        "multipleOf": .unsupported, "uniqueItems": .unsupported, "prefixItems": .unsupported, "contains": .unsupported,
        "minContains": .unsupported, "maxContains": .unsupported, "unevaluatedItems": .unsupported,
        "minProperties": .unsupported, "maxProperties": .unsupported, "patternProperties": .unsupported,
        "propertyNames": .unsupported, "dependentRequired": .unsupported, "dependentSchemas": .unsupported,
        "unevaluatedProperties": .unsupported, "allOf": .unsupported, "oneOf": .unsupported, "not": .unsupported,
        "if": .unsupported, "then": .unsupported, "else": .unsupported, "discriminator": .unsupported,
        "xml": .unsupported, "externalDocs": .annotation, "nullable": .unsupported,
    ]

    /// The keywords of one kind, for `Fields`.
    static func names(_ supports: Support...) -> [String] {
        table.filter { supports.contains($0.value) }.map(\.key)
    }
}
