import Testing

@testable import SchemaCheck

/// Differences between one schema and several alternatives, and between changed alternatives.
@Suite struct AlternativeDiffTests {
    /// Old schema, new schema, the findings above notes, each with its witness.
    static let requests: [(old: String, new: String, expected: [String])] = [
        // The object became a choice of it and an array of such objects.
        (order, "oneOf: [{ \(order) }, { type: array, items: { \(order) } }]", []),
        (order, "anyOf: [{ \(order) }, { type: array, items: { \(order) } }]", []),
        (
            order, "oneOf: [{ \(marketOrder) }, { type: array, items: { \(marketOrder) } }]",
            [#"request-property-enum-value-removed error at /kind: {"kind":"LIMIT"}"#]
        ),
        (
            order, "anyOf: [{ type: array, items: { \(order) } }, { \(marketOrder) }]",
            [#"request-property-enum-value-removed error at /kind: {"kind":"LIMIT"}"#]
        ),
        // A value that was an object or null.
        (
            "type: [object, 'null'], properties: { n: { type: integer } }",
            "oneOf: [{ type: object, properties: { n: { type: integer, maximum: 9 } } }, { type: array }, { type: 'null' }]",
            [#"request-property-max-set warn at /n: {"n":10}"#]
        ),
        (
            "type: [object, 'null'], properties: { n: { type: integer } }",
            "oneOf: [{ type: object, properties: { n: { type: integer } } }, { type: array, items: { type: string } }]",
            ["request-body-became-not-nullable error: null"]
        ),
        // Each type of the old schema has its alternative.
        (
            "type: [object, string]", "oneOf: [{ type: object, maxProperties: 0 }, { type: string, enum: [a] }]",
            [
                #"request-body-became-enum error: "A""#, #"request-body-max-properties-set warn: {"member0":1}"#,
            ]
        ),
        (
            "enum: [1, a, b]", "oneOf: [{ type: string, enum: [a] }, { type: number }]",
            [#"request-body-enum-value-removed error: "b""#]
        ),
        // No alternative, or more than one, accepts the type of the old schema.
        (
            "type: string", "oneOf: [{ type: object, required: [a] }, { type: array }]",
            ["request-body-wrapped-in-one-of error: \"a\""]
        ),
        (
            "type: object", "oneOf: [{ type: object, required: [a] }, { type: object, required: [b] }]",
            ["request-body-wrapped-in-one-of error: {}"]
        ),
        // The alternatives only require members: the schema is compared with the one that it satisfies, else with what they share.
        (
            "type: object, required: [a], properties: { a: { enum: [1, 2] } }, additionalProperties: false",
            "type: object, properties: { a: { enum: [1] }, b: {} }, additionalProperties: false, oneOf: [{ required: [b] }, { required: [a] }]",
            [#"request-property-enum-value-removed error at /a: {"a":2}"#]
        ),
        (
            "type: object, properties: { a: { enum: [1, 2] } }",
            "type: object, properties: { a: { enum: [1] }, b: {}, c: {} }, oneOf: [{ required: [b] }, { required: [c] }]",
            [
                "request-body-wrapped-in-one-of error: {}",
                #"request-property-enum-value-removed error at /a: {"a":2}"#,
            ]
        ),
        // An alternative was removed, and the other one changed.
        (
            "oneOf: [{ \(order) }, { type: array, minItems: 1, items: { type: string } }]", marketOrder,
            [
                #"request-body-one-of-removed error: ["a"]"#,
                #"request-property-enum-value-removed error at /kind: {"kind":"LIMIT"}"#,
            ]
        ),
        // Both alternatives changed.
        (
            "oneOf: [{ \(order) }, { type: array, maxItems: 9 }]",
            "oneOf: [{ \(marketOrder) }, { type: array, maxItems: 1 }]",
            [
                "request-body-max-items-decreased error: [\"a\",\"a\"]",
                #"request-property-enum-value-removed error at /kind: {"kind":"LIMIT"}"#,
            ]
        ),
    ]

    private static let order = "type: object, required: [kind], properties: { kind: { enum: [MARKET, LIMIT] } }"
    private static let marketOrder = "type: object, required: [kind], properties: { kind: { enum: [MARKET] } }"

    static let responses: [(old: String, new: String, expected: [String])] = [
        // The choice became one of its alternatives.
        ("oneOf: [{ \(order) }, { type: array, items: { \(order) } }]", order, []),
        (
            "oneOf: [{ \(marketOrder) }, { type: array, items: { \(marketOrder) } }]", order,
            [#"response-property-enum-value-added warn at /kind: {"kind":"LIMIT"}"#]
        ),
        // One schema became a choice: the array is new for clients, and the object changed.
        (
            marketOrder, "oneOf: [{ type: array, minItems: 1, items: { type: string } }, { \(order) }]",
            [
                #"response-body-wrapped-in-one-of error: ["a"]"#,
                #"response-property-enum-value-added warn at /kind: {"kind":"LIMIT"}"#,
            ]
        ),
        (
            "type: object",
            "oneOf: [{ type: object, required: [a] }, { type: object, minProperties: 2 }]", []
        ),
    ]

    /// A schema that became one of several alternatives of `oneOf`, of which a value must not match two.
    static let rivals: [(other: String, expected: [String])] = [
        ("type: array", []),
        ("type: object, required: [kind], properties: { kind: { const: STOP } }", []),
        ("type: object, properties: { kind: { const: STOP } }", []),
        (
            "type: object, required: [stop], properties: { stop: { type: number } }",
            [#"request-body-one-of-ambiguous error: {"kind":"MARKET","stop":0}"#]
        ),
        (order, [#"request-body-one-of-ambiguous error: {"kind":"MARKET"}"#]),
        // No value matches both, but only a longer proof would show it.
        (
            "type: object, required: [stop], properties: { stop: {}, kind: { type: string, pattern: '^S' } }",
            ["request-body-one-of-ambiguous warn"]
        ),
    ]

    private static func described(_ findings: [Finding]) -> [String] {
        findings.filter { $0.severity > .info }.map { finding in
            let place = finding.message.firstMatch(of: #/ at (\/[^:]*):/#).map { " at \($0.output.1)" } ?? ""
            return "\(finding.code) \(finding.severity.rawValue)\(place)\(finding.witness.map { ": \($0.json)" } ?? "")"
        }.sorted()
    }

    @Test(arguments: requests)
    func `a request schema is compared with the alternative for its type`(old: String, new: String, expected: [String])
        throws
    {
        let found = try Differences.of(InMemory.document(old), InMemory.document(new))
        #expect(Self.described(found) == expected)
    }

    @Test(arguments: responses)
    func `a response schema is compared with the alternative for its type`(
        old: String,
        new: String,
        expected: [String]
    ) throws {
        let found = try Differences.of(
            InMemory.document(old, direction: .response),
            InMemory.document(new, direction: .response)
        )
        #expect(Self.described(found) == expected)
    }

    @Test(arguments: rivals)
    func `a second alternative for the same values is found`(other: String, expected: [String]) throws {
        let new = "oneOf: [{ \(Self.order) }, { \(other) }]"
        let found = try Differences.of(InMemory.document(Self.order), InMemory.document(new))
        #expect(Self.described(found) == expected)
        let any = try Differences.of(InMemory.document(Self.order), InMemory.document("anyOf" + new.dropFirst(5)))
        #expect(Self.described(any) == [])
    }

    /// A value, its schema, and the finding, which was hidden by the alternatives that the body has since 1.0.0.
    private static let removals = [
        ("PAPER", "runtime-mode", "/runtime_mode", "POST /ingest/heartbeat"),
        ("RESTART", "command-type", "/command_type", "POST /commands"),
    ]

    @Test(arguments: removals)
    func `a value removed from a request of 1.0.0 is found`(
        value: String,
        schema: String,
        place: String,
        operation: String
    ) async throws {
        try await TemporaryProject.with(["openapi", "jsonschema", "releases"]) { project in
            try project.replace("    \"\(value)\",\n", with: "", in: "jsonschema/\(schema).schema.json")
            let run = try await project.run(
                "schema-check",
                "diff",
                "releases/1.0.0.yaml",
                "openapi/openapi.yaml",
                "--least",
                "error"
            )
            let message = "the request body at \(place): the value \"\(value)\" is no longer allowed"
            #expect(run.output.contains("\(message) [request-property-enum-value-removed]"), "\(run.output)")
            #expect(run.output.contains("in \(operation), fingerprint"))
        }
    }
}
