import ContractCompiler
import Foundation
import Testing

@testable import SchemaCheck

/// Differences between schemas: each has its code, and equivalent schemas have none.
@Suite struct DiffTests {
    // MARK: - Bodies

    /// Old schema, new schema, finding, whether there is a witness.
    static let requests: [(old: String, new: String, expected: String, hasWitness: Bool)] = [
        ("type: string", "type: integer", "request-body-type-changed error", true),
        ("type: [string, 'null']", "type: string", "request-body-became-not-nullable error", true),
        ("type: [string, 'null']", "type: 'null'", "request-body-list-of-types-narrowed error", true),
        ("type: string", "type: string, enum: [a, b]", "request-body-became-enum error", true),
        ("type: string, enum: [a, b]", "type: string, enum: [a]", "request-body-enum-value-removed error", true),
        ("const: a", "const: b", "request-body-const-changed error", true),
        (
            "oneOf: [{ type: object, required: [a] }, { type: array, items: { type: string } }]",
            "oneOf: [{ type: object, required: [a] }]", "request-body-one-of-removed error", true
        ),
        (
            "anyOf: [{ type: object, required: [a] }, { type: array, items: { type: string } }]",
            "type: object, required: [a]", "request-body-any-of-removed error", true
        ),
        (
            "type: object", "type: object, properties: { a: { type: string } }, required: [a]",
            "new-required-request-property error", true
        ),
        (
            "type: object", "type: object, properties: { a: { type: string, default: x } }, required: [a]",
            "new-required-request-property-with-default error", true
        ),
        ("type: object, properties: { a: {} }", "type: object", "request-property-removed warn", false),
        (
            "type: object, properties: { a: {} }, additionalProperties: false",
            "type: object, properties: { b: {} }, additionalProperties: false", "request-property-removed error", true
        ),
        (
            "type: object, properties: { a: {} }", "type: object, properties: { a: {} }, required: [a]",
            "request-property-became-required error", true
        ),
        (
            "type: object, properties: { a: {} }", "type: object, properties: { a: { default: 1 } }, required: [a]",
            "request-property-became-required-with-default error", true
        ),
        (
            "type: object, additionalProperties: true", "type: object, additionalProperties: false",
            "request-body-additional-properties-closed error", true
        ),
        ("type: array, items: {}", "type: array, items: {}, maxItems: 5", "request-body-max-items-set warn", true),
        (
            "type: array, items: {}, maxItems: 9", "type: array, items: {}, maxItems: 5",
            "request-body-max-items-decreased error", true
        ),
        (
            "type: object, minProperties: 1", "type: object, minProperties: 2",
            "request-body-min-properties-increased error", true
        ),
        ("type: string, readOnly: true", "type: integer, readOnly: true", "", false),
    ]

    /// The new contract adds parts to an `allOf`.
    @Test func `a new part of allOf is one finding that lists its requirements`() throws {
        let components = """
            { schemas: { A: { type: object, properties: { a: { type: string } } }, B: { type: object, properties: { b: { type: integer } }, required: [b] }, \
            C: { properties: { a: { maxLength: 3 } } }, Free: { description: Nothing. } } }
            """
        func found(_ old: String, _ new: String) throws -> [Finding] {
            try Differences.of(
                InMemory.document(old, components: components),
                InMemory.document(new, components: components)
            )
        }
        let a = "{ $ref: '#/components/schemas/A' }"
        let body = try found("allOf: [\(a)]", "allOf: [\(a), { $ref: '#/components/schemas/B' }]")
        #expect(Differences.described(body) == ["request-body-all-of-added error"])
        #expect(
            body[0].message
                == "the request body: the part '#/components/schemas/B' was added to 'allOf': the required property 'b' was added"
        )
        #expect(body[0].witness?.json == "{}")
        let property = try found(
            "type: object, properties: { p: { allOf: [\(a)] } }",
            "type: object, properties: { p: { allOf: [\(a), { $ref: '#/components/schemas/C' }] } }"
        )
        #expect(Differences.described(property) == ["request-property-all-of-added error"])
        #expect(property[0].witness != nil)
        #expect(try found("allOf: [\(a)]", "allOf: [\(a), { $ref: '#/components/schemas/Free' }]").isEmpty)
    }

    /// The same for a property of the body.
    static let requestProperties: [(old: String, new: String, expected: String, hasWitness: Bool)] = [
        ("type: [string, 'null']", "type: string", "request-property-became-not-nullable error", true),
        ("type: string", "type: integer", "request-property-type-changed error", true),
        ("type: [string, integer]", "type: [string, 'null']", "request-property-list-of-types-narrowed error", true),
        ("type: string", "type: string, enum: [a]", "request-property-became-enum error", true),
        ("enum: [a, b]", "enum: [b]", "request-property-enum-value-removed error", true),
        ("type: string", "const: a", "request-property-const-added error", true),
        ("const: a", "const: b", "request-property-const-changed error", true),
        ("type: integer, maximum: 9", "type: integer, maximum: 8", "request-property-max-decreased error", true),
        ("type: integer, minimum: 1", "type: integer, minimum: 2", "request-property-min-increased error", true),
        (
            "type: number, exclusiveMaximum: 9", "type: number, exclusiveMaximum: 8",
            "request-property-exclusive-max-decreased error", true
        ),
        (
            "type: number, exclusiveMinimum: 1", "type: number, exclusiveMinimum: 2",
            "request-property-exclusive-min-increased error", true
        ),
        (
            "type: string, maxLength: 9", "type: string, maxLength: 8", "request-property-max-length-decreased error",
            true
        ),
        (
            "type: string, minLength: 1", "type: string, minLength: 2", "request-property-min-length-increased error",
            true
        ),
        ("type: array, minItems: 1", "type: array, minItems: 2", "request-property-min-items-increased error", true),
        ("type: array, maxItems: 2", "type: array, maxItems: 1", "request-property-max-items-decreased error", true),
        ("type: string", "type: string, pattern: '^a'", "request-property-pattern-added error", true),
        (
            "type: string, pattern: '^[a-z]+$'", "type: string, pattern: '^[A-Z]+$'",
            "request-property-pattern-changed warn", true
        ),
        (
            "oneOf: [{ type: string }, { type: object, required: [a] }]", "oneOf: [{ type: object, required: [a] }]",
            "request-property-one-of-removed error", true
        ),
        (
            "anyOf: [{ type: string, minLength: 1 }, { type: object, required: [a] }]",
            "anyOf: [{ type: object, required: [a] }, { type: array, minItems: 1 }]",
            "request-property-any-of-removed error", true
        ),
        (
            "type: object", "type: object, dependentRequired: { a: [b] }",
            "request-property-dependent-required-added error", true
        ),
        (
            "type: object", "type: object, if: { required: [a] }, then: { required: [b] }",
            "request-property-if-added error, request-property-then-added error", true
        ),
        (
            "type: object", "type: object, unevaluatedProperties: false",
            "request-property-unevaluated-properties-added error", true
        ),
        (
            "type: object", "type: object, propertyNames: { maxLength: 3 }",
            "request-property-property-names-added error", true
        ),
        (
            "type: object", "type: object, patternProperties: { '^a': { type: string } }",
            "request-property-pattern-property-added error", false
        ),
        ("type: number", "type: number, multipleOf: 2", "request-property-multiple-of-added error", true),
        (
            "type: array, items: { type: integer }", "type: array, items: { type: integer }, uniqueItems: true",
            "request-property-unique-items-added error", true
        ),
        ("type: string", "type: string, format: uuid", "request-property-type-changed error", true),
        ("type: string, maxLength: 5", "type: string, maxLength: 6", "", false),
        ("type: string", "type: string, maxLength: 5", "request-property-max-length-set warn", true),
        ("type: integer", "type: number", "", false),
        ("type: string", "not: {}", "request-property-not-added error", true),
    ]

    /// The same for a property of the response.
    static let responseProperties: [(old: String, new: String, expected: String, hasWitness: Bool)] = [
        ("type: string", "type: [string, 'null']", "response-property-became-nullable error", true),
        ("type: string", "type: integer", "response-property-type-changed error", true),
        ("type: integer", "type: number", "response-property-type-generalized error", true),
        (
            "type: [string, boolean]", "type: [string, boolean, object]",
            "response-property-list-of-types-widened error", true
        ),
        ("enum: [a]", "enum: [a, b]", "response-property-enum-value-added warn", true),
        ("const: a", "const: b", "response-property-const-changed error", true),
        ("const: a", "type: string", "response-property-const-removed error", true),
        (
            "oneOf: [{ type: string, minLength: 1 }, { type: object }]",
            "oneOf: [{ type: string, minLength: 1 }, { type: object }, { type: array, minItems: 1 }]",
            "response-property-one-of-added error", true
        ),
        (
            "type: string, maxLength: 5", "type: string, maxLength: 6", "response-property-max-length-increased error",
            true
        ),
        ("type: string, maxLength: 5", "type: string", "response-property-max-length-unset error", true),
        ("type: integer, maximum: 5", "type: integer, maximum: 6", "response-property-max-increased error", true),
        ("type: integer, minimum: 5", "type: integer, minimum: 4", "response-property-min-decreased error", true),
        ("type: array, minItems: 5", "type: array, minItems: 4", "response-property-min-items-decreased error", true),
        (
            "type: string, minLength: 5", "type: string, minLength: 4", "response-property-min-length-decreased error",
            true
        ),
        (
            "type: object, dependentRequired: { a: [b] }", "type: object",
            "response-property-dependent-required-removed error", true
        ),
        ("type: string, x-extensible-enum: [a]", "type: string, x-extensible-enum: [a, b]", "", false),
        ("type: string, enum: [a, b]", "type: string, enum: [a]", "", false),
    ]

    static let responses: [(old: String, new: String, expected: String, hasWitness: Bool)] = [
        (
            "type: object, properties: { a: {} }, required: [a]", "type: object",
            "response-required-property-removed error", true
        ),
        ("type: object, properties: { a: {} }", "type: object", "response-optional-property-removed warn", false),
        (
            "type: object, properties: { a: {} }, required: [a]", "type: object, properties: { a: {} }",
            "response-property-became-optional error", true
        ),
        ("type: string", "type: [string, 'null']", "response-body-became-nullable error", true),
        ("type: string", "type: object", "response-body-type-changed error", true),
        ("type: integer", "type: number", "response-body-type-generalized error", true),
        (
            "oneOf: [{ type: string, minLength: 1 }, { type: object }]",
            "oneOf: [{ type: string, minLength: 1 }, { type: object }, { type: array, minItems: 1 }]",
            "response-body-one-of-added error", true
        ),
        ("type: object, properties: { a: { writeOnly: true } }, required: [a]", "type: object", "", false),
    ]

    @Test(arguments: requests)
    func `a narrower request body is found, with a witness`(
        old: String,
        new: String,
        expected: String,
        hasWitness: Bool
    ) throws {
        let found = try Differences.of(InMemory.document(old), InMemory.document(new))
        #expect(Differences.described(found).joined(separator: ", ") == expected)
        #expect((found.first { $0.severity > .info }?.witness != nil) == hasWitness, "\(found)")
    }

    @Test(arguments: requestProperties)
    func `a narrower property of a request is found`(old: String, new: String, expected: String, hasWitness: Bool)
        throws
    {
        func body(_ schema: String) -> String {
            InMemory.document("type: object, properties: { p: { \(schema) }, q: { type: string } }, required: [q]")
        }
        let found = try Differences.of(body(old), body(new))
        #expect(Differences.described(found).joined(separator: ", ") == expected)
        #expect((found.first { $0.severity > .info }?.witness != nil) == hasWitness, "\(found)")
        for finding in found where finding.severity > .info {
            #expect(finding.message.contains("at /p"), "\(finding.message)")
        }
    }

    @Test(arguments: responseProperties)
    func `a wider property of a response is found`(old: String, new: String, expected: String, hasWitness: Bool)
        throws
    {
        func body(_ schema: String) -> String {
            InMemory.document("type: object, properties: { p: { \(schema) } }", direction: .response)
        }
        let found = try Differences.of(body(old), body(new))
        #expect(Differences.described(found).joined(separator: ", ") == expected)
        #expect((found.first { $0.severity > .info }?.witness != nil) == hasWitness, "\(found)")
    }

    @Test(arguments: responses)
    func `a wider response body is found`(old: String, new: String, expected: String, hasWitness: Bool) throws {
        let found = try Differences.of(
            InMemory.document(old, direction: .response),
            InMemory.document(new, direction: .response)
        )
        #expect(Differences.described(found).joined(separator: ", ") == expected)
        #expect((found.first { $0.severity > .info }?.witness != nil) == hasWitness, "\(found)")
    }

    @Test func `discriminators are compared`() throws {
        func body(_ discriminator: String) -> String {
            let components =
                "{ schemas: { A: { type: object, required: [k], properties: { k: { const: a } } }, B: { type: object, required: [k], properties: { k: { const: b } } } } }"
            return InMemory.document(
                "oneOf: [{ $ref: '#/components/schemas/A' }, { $ref: '#/components/schemas/B' }]\(discriminator)",
                components: components
            )
        }
        let both =
            ", discriminator: { propertyName: k, mapping: { a: '#/components/schemas/A', b: '#/components/schemas/B' } }"
        #expect(
            try Differences.described(
                Differences.of(
                    body(both),
                    body(", discriminator: { propertyName: k, mapping: { a: '#/components/schemas/A' } }")
                )
            ) == ["request-body-discriminator-mapping-removed error"]
        )
        #expect(
            try Differences.described(
                Differences.of(
                    body(both),
                    body(
                        ", discriminator: { propertyName: l, mapping: { a: '#/components/schemas/A', b: '#/components/schemas/B' } }"
                    )
                )
            ) == ["request-body-discriminator-property-name-changed error"]
        )
        #expect(
            try Differences.described(Differences.of(body(""), body(both))) == [
                "request-body-discriminator-added error"
            ]
        )
        #expect(try Differences.described(Differences.of(body(both), body(both))) == [])
    }

    // MARK: - Refactorings

    /// Pairs of equivalent schemas.
    static let refactorings: [(old: String, new: String)] = [
        ("$ref: '#/components/schemas/S'", "type: object, properties: { a: { type: string } }, required: [a]"),
        ("$ref: '#/components/schemas/S'", "$ref: '#/components/schemas/T'"),
        ("$ref: '#/components/schemas/S'", "allOf: [{ $ref: '#/components/schemas/S' }]"),
        (
            "type: object, properties: { a: { type: string } }, required: [a]",
            "allOf: [{ type: object, properties: { a: { type: string } } }, { required: [a] }]"
        ),
        (
            "type: object, properties: { a: { type: integer }, b: { type: string } }",
            "type: object, properties: { b: { type: string }, a: { type: integer } }"
        ),
        ("type: object, required: [a, b]", "type: object, required: [b, a]"),
        ("enum: [a, b, c]", "enum: [c, a, b]"),
        ("type: [string, 'null']", "type: ['null', string]"),
        ("type: [string, 'null']", "anyOf: [{ type: string }, { type: 'null' }]"),
        ("type: [string, 'null']", "oneOf: [{ type: 'null' }, { type: string }]"),
        ("type: [string, integer]", "anyOf: [{ type: string }, { type: integer }]"),
        ("enum: [a, b]", "oneOf: [{ const: a, title: A }, { const: b, title: B }]"),
        ("const: a", "enum: [a]"),
        ("type: integer, minimum: 1", "type: integer, exclusiveMinimum: 0"),
        ("type: string, minLength: 0", "type: string"),
        ("type: number, maximum: 10", "type: number, maximum: 1e1"),
        ("type: object, additionalProperties: true", "type: object"),
        ("type: array, items: {}", "type: array"),
        ("type: string", "type: string, title: Name, description: A name., examples: [x], deprecated: true"),
        (
            "oneOf: [{ type: string, minLength: 1 }, { type: object, required: [a] }]",
            "oneOf: [{ type: object, required: [a] }, { type: string, minLength: 1 }]"
        ),
        (
            "anyOf: [{ type: string, minLength: 1 }, { type: object, required: [a] }]",
            "anyOf: [{ $ref: '#/components/schemas/U' }, { type: object, required: [a] }]"
        ),
        (
            "type: object, properties: { n: { $ref: '#/components/schemas/Tree' } }",
            "type: object, properties: { n: { $ref: '#/components/schemas/Tree2' } }"
        ),
        (
            "type: object, properties: { k: { type: string } }, anyOf: [{ required: [a] }, { required: [b] }]",
            "anyOf: [{ type: object, properties: { k: { type: string } }, required: [a] }, { type: object, properties: { k: { type: string } }, required: [b] }]"
        ),
    ]

    private static let components = """
        { schemas: { S: { type: object, properties: { a: { type: string } }, required: [a] }, T: { type: object, required: [a], properties: { a: { $ref: '#/components/schemas/Text' } } }, \
        Text: { type: string }, U: { type: string, minLength: 1 }, Tree: { type: object, properties: { next: { $ref: '#/components/schemas/Tree' } } }, \
        Tree2: { type: object, properties: { next: { $ref: '#/components/schemas/Tree' } } } } }
        """

    @Test(arguments: refactorings, [Direction.request, .response])
    func `equivalent schemas have no findings`(pair: (old: String, new: String), direction: Direction)
        throws
    {
        for (old, new) in [(pair.old, pair.new), (pair.new, pair.old)] {
            let found = try Differences.of(
                InMemory.document(old, components: Self.components, direction: direction),
                InMemory.document(new, components: Self.components, direction: direction)
            )
            #expect(found.map { "\($0.code): \($0.message)" } == [])
        }
    }

    /// The same schemas in OpenAPI 3.0 and 3.1, and moved within the document.
    @Test func `schemas that only moved have no findings`() throws {
        func same(_ old: String, _ new: String, others: [String: String] = [:]) throws {
            #expect(try Differences.of(old, new, others: others).map { "\($0.code): \($0.message)" } == [])
            #expect(try Differences.of(new, old, others: others).map { "\($0.code): \($0.message)" } == [])
        }
        try same(
            InMemory.document("type: string, nullable: true", version: "3.0.3"),
            InMemory.document("type: [string, 'null']")
        )
        try same(
            InMemory.document("type: number, minimum: 1, exclusiveMinimum: true", version: "3.0.3"),
            InMemory.document("type: number, exclusiveMinimum: 1")
        )
        let parameter = "{ name: q, in: query, schema: { type: string } }"
        try same(
            Differences.paths("/a/{x}: { parameters: [\(parameter)], get: { \(Differences.answer) } }"),
            Differences.paths("/a/{y}: { get: { parameters: [\(parameter)], \(Differences.answer) } }")
        )
        try same(
            Differences.paths("/a: { get: { \(Differences.answer) } }", more: "security: [{ k: [] }]"),
            Differences.paths("/a: { get: { security: [{ k: [] }], \(Differences.answer) } }")
        )
        try same(
            Differences.paths("/a: { get: { responses: { '200': { $ref: other.yaml#/ok } } } }"),
            Differences.paths("/a: { get: { \(Differences.answer) } }"),
            others: ["other.yaml": "ok: { description: x }"]
        )
        let json = "requestBody: { content: { application/json: { schema: { type: string } } } }"
        try same(
            Differences.paths("/a: { post: { \(json), \(Differences.answer) } }"),
            Differences.paths(
                "/a: { post: { \(json.replacing("application/json", with: "'application/json; charset=UTF-8'")), \(Differences.answer) } }"
            )
        )
    }
}
