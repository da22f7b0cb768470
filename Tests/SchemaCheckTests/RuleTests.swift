import ContractCompiler
import Testing

@testable import SchemaCheck

/// Checks every rule with a document that violates it in one line.
@Suite struct RuleTests {
    /// A document that satisfies all rules of all rulesets.
    private static let base = """
        openapi: 3.1.0
        info:
          title: Shop
          version: 1.0.0
          license: { name: MIT, identifier: MIT }
        servers:
          - url: https://shop.test/v1
        tags:
          - name: Orders
            description: Purchases by customers.
        security:
          - key: []
        paths:
          /orders:
            get:
              operationId: listOrders
              summary: Lists orders.
              tags: [Orders]
              parameters:
                - name: page
                  in: query
                  schema: { type: integer }
                  example: 1
              responses:
                '200':
                  description: Orders.
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/Order' }
                '400': { description: Wrong. }
        components:
          securitySchemes:
            key: { type: apiKey, in: header, name: X-Key }
          schemas:
            Order:
              type: object
              properties: { id: { type: string, example: a } }
              required: [id]
        """

    private static func lint(_ text: String, rule: String, options: String = "") throws -> [Finding] {
        let configuration =
            "extends: []\nrules:\n  \(rule): \(options.isEmpty ? "warn" : "{ severity: warn, \(options) }")\n"
        var faults: [Finding] = []
        let parsed = LintConfiguration(try InMemory.node(configuration), log: &faults)
        #expect(faults.map(\.message) == [])
        return Linter(configuration: parsed).lint(InMemory.files(text), name: "api.yaml").findings
    }

    @Test func `a document that satisfies every rule has no findings`() throws {
        for ruleset in Ruleset.allCases {
            let configuration = LintConfiguration().extending([ruleset])
            let found = Linter(configuration: configuration).lint(InMemory.files(Self.base), name: "api.yaml").findings
            #expect(found.map { "\($0.location) \($0.code)" } == [])
        }
    }

    /// The rule, the text to replace, its replacement, and the location of the finding.
    static let cases: [(rule: String, old: String, new: String, place: String)] = [
        ("struct", "  title: Shop", "  titel: Shop", "3:3"),
        ("no-unresolved-refs", "schemas/Order'", "schemas/Ordre'", "29:31"),
        ("info-contact", "  title: Shop", "  title: Shop", "3:3"),
        ("info-license", "  license: { name: MIT, identifier: MIT }\n", "", "3:3"),
        ("info-license-strict", ", identifier: MIT", "", "5:12"),
        ("no-empty-servers", "\n  - url: https://shop.test/v1", " []", "6:10"),
        ("no-server-example.com", "shop.test/v1", "api.example.com", "7:10"),
        ("no-server-trailing-slash", "shop.test/v1", "shop.test/", "7:10"),
        (
            "no-server-variables-empty-enum", "  - url: https://shop.test/v1",
            "  - { url: 'https://{a}.test', variables: { a: { default: x, enum: [y] } } }", "7:59"
        ),
        ("no-undefined-server-variable", "https://shop.test/v1", "'https://{a}.test'", "7:10"),
        (
            "no-duplicated-tag-names", "  - name: Orders", "  - { name: Orders, description: x }\n  - name: Orders",
            "10:11"
        ),
        ("tag-description", "    description: Purchases by customers.\n", "", "9:5"),
        ("tags-alphabetical", "  - name: Orders", "  - name: Zebras\n  - name: Orders", "10:5"),
        ("no-unsafe-markdown", "Purchases by customers.", "x <script>alert(1)</script>", "10:18"),
        ("no-unsafe-markdown", "Purchases by customers.", "'[x](javascript:alert)'", "10:18"),
        (
            "no-ambiguous-paths", "paths:\n",
            "paths:\n  /{a}/x: { get: { responses: {} } }\n  /y/{b}: { get: { responses: {} } }\n", "15:3"
        ),
        (
            "no-identical-paths", "paths:\n",
            "paths:\n  /x/{a}: { get: { responses: {} } }\n  /x/{b}: { get: { responses: {} } }\n", "15:3"
        ),
        ("no-path-trailing-slash", "/orders:", "/orders/:", "14:3"),
        ("path-not-include-query", "/orders:", "/orders?a=b:", "14:3"),
        ("path-declaration-must-exist", "/orders:", "/orders/{}:", "14:3"),
        ("no-http-verbs-in-paths", "/orders:", "/get:", "14:3"),
        ("path-segment-plural", "/orders:", "/order:", "14:3"),
        ("paths-kebab-case", "/orders:", "/myOrders:", "14:3"),
        ("path-http-verbs-order", "    get:\n", "    put: { responses: {} }\n    get:\n", "16:5"),
        ("path-parameters-defined", "/orders:", "/orders/{id}:", "15:5"),
        ("path-parameters-defined", "in: query", "in: path", "20:17"),
        ("path-params-defined", "/orders:", "/orders/{id}:", "15:5"),
        ("operation-summary", "      summary: Lists orders.\n", "", "15:5"),
        ("operation-description", "operationId: listOrders", "operationId: listOrders", "15:5"),
        ("operation-operationId", "      operationId: listOrders\n", "", "15:5"),
        (
            "operation-operationId-unique", "paths:\n",
            "paths:\n  /x: { get: { operationId: listOrders, responses: {} } }\n", "17:20"
        ),
        ("operation-operationId-url-safe", "listOrders", "list^Orders", "16:20"),
        (
            "operation-parameters-unique", "      parameters:\n",
            "      parameters:\n        - { name: page, in: query, schema: {} }\n", "21:11"
        ),
        ("operation-singular-tag", "[Orders]", "[Orders, Orders]", "18:13"),
        ("operation-tag-defined", "[Orders]", "[Odrers]", "18:14"),
        ("operation-2xx-response", "'200':", "'300':", "25:9"),
        ("operation-4xx-response", "        '400': { description: Wrong. }\n", "", "25:9"),
        ("operation-4xx-problem-details-rfc7807", "{ description: Wrong. }", "{ description: Wrong. }", "30:16"),
        ("parameter-description", "in: query", "in: query", "20:11"),
        ("array-parameter-serialization", "{ type: integer }", "{ type: array, items: {} }", "20:11"),
        ("boolean-parameter-prefixes", "{ type: integer }", "{ type: boolean }", "20:17"),
        ("no-duplicated-enum-values", "{ type: integer }", "{ enum: [1, 2, 1] }", "22:34"),
        ("no-enum-type-mismatch", "{ type: integer }", "{ type: integer, enum: [1, a] }", "22:46"),
        ("no-schema-type-mismatch", "{ type: integer }", "{ type: integer, items: {} }", "22:36"),
        ("no-mixed-number-range-constraints", "{ type: integer }", "{ maximum: 1, exclusiveMaximum: 2 }", "22:19"),
        ("no-required-schema-properties-undefined", "required: [id]", "required: [di]", "38:18"),
        ("required-string-property-missing-min-length", "required: [id]", "required: [id]", "37:21"),
        ("scalar-property-missing-example", ", example: a", "", "37:21"),
        (
            "no-invalid-media-type-examples", "            schema: { $ref: '#/components/schemas/Order' }",
            "            schema: { $ref: '#/components/schemas/Order' }\n              example: {}", "30:24"
        ),
        ("no-invalid-parameter-examples", "example: 1", "example: one", "23:20"),
        ("no-invalid-schema-examples", "example: a", "example: 5", "37:50"),
        (
            "no-example-value-and-externalValue", "          example: 1",
            "          examples: { a: { value: 1, externalValue: x } }", "23:26"
        ),
        ("security-defined", "  - key: []", "  - yek: []", "12:5"),
        ("security-defined", "security:\n  - key: []\n", "", "13:5"),
        (
            "security-scopes-defined", "{ type: apiKey, in: header, name: X-Key }",
            "{ type: oauth2, flows: { password: { tokenUrl: x, scopes: { r: x } } } }", ""
        ),
        ("no-unused-components", "    Order:\n", "    Unused: {}\n    Order:\n", "35:5"),
        ("spec-components-invalid-map-name", "    Order:\n", "    O r: {}\n    Order:\n", "35:5"),
        ("component-name-unique", "  schemas:\n", "  examples: { Order: { value: 1 } }\n  schemas:\n", "36:5"),
        ("spec-ref-siblings", "{ description: Wrong. }", "{ $ref: '#/components/responses/W', headers: {} }", "30:52"),
        ("spec-strict-refs", "    get:\n", "    put: { $ref: '#/paths/~1orders/get' }\n    get:\n", "15:18"),
    ]

    @Test(arguments: cases)
    func `a violation of a rule is reported with its name and location`(
        rule: String,
        old: String,
        new: String,
        place: String
    ) throws {
        #expect(Self.base.contains(old))
        let found = try Self.lint(Self.base.replacing(old, with: new, maxReplacements: 1), rule: rule).filter {
            $0.code == rule
        }
        #expect(
            found.first.map { "\($0.location.line):\($0.location.column)" } ?? "" == place,
            "\(found.map(\.message))"
        )
        for finding in found { #expect(finding.severity == .warn) }
    }

    /// Rules for one OpenAPI version, and rules that need options.
    @Test(arguments: [
        ("nullable-type-sibling", "", "3.0.3", "{ type: integer }", "{ nullable: true }"),
        (
            "spec-discriminator-defaultMapping", "", "3.2.0", "{ type: integer }",
            "{ oneOf: [{}, {}], discriminator: { propertyName: k } }"
        ),
        (
            "spec-example-values", "", "3.2.0", "          example: 1",
            "          examples: { a: { value: 1, dataValue: 1 } }"
        ),
        (
            "spec-no-invalid-encoding-combinations", "", "3.2.0", "            application/json:\n",
            "            application/json:\n              encoding: {}\n              itemEncoding: {}\n"
        ),
        ("spec-no-invalid-tag-parents", "", "3.2.0", "  - name: Orders\n", "  - name: Orders\n    parent: Odrers\n"),
        (
            "spec-querystring-parameters", "", "3.2.0", "      parameters:\n",
            "      parameters:\n        - { name: q, in: querystring, content: { application/json: {} } }\n"
        ),
        (
            "request-mime-type", "allowedValues: [application/json]", "3.1.0", "      parameters:\n",
            "      requestBody: { content: { text/plain: {} } }\n      parameters:\n"
        ),
        (
            "response-mime-type", "allowedValues: [application/json]", "3.1.0", "          application/json:\n",
            "          text/plain:\n"
        ),
        ("response-contains-header", "names: { '2xx': [X-Page] }", "3.1.0", "Orders.", "Orders."),
        ("response-contains-property", "names: { '200': [total] }", "3.1.0", "Orders.", "Orders."),
        ("security-scopes-defined", "", "3.1.0", "  - key: []\n", "  - oauth: [w]\n"),
    ])
    func `rules for one version and rules with options find violations`(
        rule: String,
        options: String,
        version: String,
        old: String,
        new: String
    ) throws {
        let schemes =
            "    key: { type: apiKey, in: header, name: X-Key }\n    oauth: { type: oauth2, flows: { password: { tokenUrl: x, scopes: { r: x } } } }"
        let text = Self.base.replacing("    key: { type: apiKey, in: header, name: X-Key }", with: schemes).replacing(
            "3.1.0",
            with: version,
            maxReplacements: 1
        )
        let before = try Self.lint(text, rule: rule, options: options).filter { $0.code == rule }
        if old != new { #expect(before.map(\.message) == []) }
        let found = try Self.lint(text.replacing(old, with: new, maxReplacements: 1), rule: rule, options: options)
            .filter { $0.code == rule }
        #expect(found.count == 1, "\(found.map(\.message))")
    }

    @Test func `every rule has a case`() {
        let named = Set(
            Self.cases.map(\.rule) + [
                "nullable-type-sibling", "spec-discriminator-defaultMapping", "spec-example-values",
                "spec-no-invalid-encoding-combinations", "spec-no-invalid-tag-parents", "spec-querystring-parameters",
                "request-mime-type", "response-mime-type", "response-contains-header", "response-contains-property",
            ]
        )
        #expect(Set(LintRules.all.map(\.name)) == named)
        #expect(LintRules.all.count == 67)
    }

    /// The number of rules that Redocly enables, as errors and as warnings, by ruleset and version.
    @Test(arguments: [
        (Ruleset.recommended, "3.1", 20, 19), (.recommended, "3.0", 21, 18), (.recommended, "3.2", 23, 20),
        (.minimal, "3.1", 4, 24),
        (.spec, "3.1", 14, 0), (.recommendedStrict, "3.1", 39, 0),
    ])
    func `rulesets have the defaults of Redocly`(ruleset: Ruleset, version: String, errors: Int, warnings: Int) {
        let configuration = LintConfiguration().extending([ruleset])
        let severities = LintRules.all.compactMap { configuration.severity(of: $0, version: version) }
        #expect(severities.count { $0 == .error } == errors)
        #expect(severities.count { $0 == .warn } == warnings)
    }

    // MARK: - Configurable rules

    /// The assertion, the subject, and the number of violations in the document above.
    @Test(arguments: [
        ("pattern: '/^Lists/'", "Operation, property: summary", 0),
        ("pattern: '^Shows'", "Operation, property: summary", 1),
        ("notPattern: orders", "Operation, property: summary", 1),
        ("enum: [a, b]", "Operation, property: operationId", 1),
        ("const: listOrders", "Operation, property: operationId", 0),
        ("contains: orders", "Operation, property: summary", 0),
        ("contains: Orders", "Operation, property: tags", 0), ("contains: Bots", "Operation, property: tags", 1),
        ("defined: true", "Operation, property: description", 1), ("defined: false", "Operation, property: summary", 1),
        ("required: [summary, description]", "Operation", 1), ("required: [summary]", "Operation", 0),
        ("requireAny: [description, externalDocs]", "Operation", 1),
        ("requireAny: [description, summary]", "Operation", 0),
        ("disallowed: [summary]", "Operation", 1), ("disallowed: [description]", "Operation", 0),
        ("nonEmpty: true", "Operation, property: description", 1),
        ("nonEmpty: true", "Operation, property: summary", 0),
        ("minLength: 20", "Operation, property: summary", 1), ("minLength: 2", "Operation, property: tags", 1),
        ("maxLength: 5", "Operation, property: summary", 1), ("maxLength: 50", "Operation, property: summary", 0),
        ("casing: camelCase", "Operation, property: operationId", 0),
        ("casing: kebab-case", "Operation, property: operationId", 1),
        ("sortOrder: asc", "Schema, property: required", 0), ("sortOrder: desc", "Info", 1),
        ("mutuallyExclusive: [summary, tags]", "Operation", 1),
        ("mutuallyExclusive: [summary, description]", "Operation", 0),
        ("mutuallyRequired: [summary, description]", "Operation", 1),
        ("mutuallyRequired: [summary, tags]", "Operation", 0),
        ("ref: true", "MediaType, property: schema", 0), ("ref: false", "MediaType, property: schema", 1),
        ("ref: '/^#/'", "MediaType, property: schema", 0), ("ref: '/yaml$/'", "MediaType, property: schema", 1),
        ("casing: snake_case", "Parameter, property: name", 0),
        ("defined: true", "Operation, property: description, filterInParentKeys: [put]", 0),
        ("defined: true", "Operation, property: description, filterOutParentKeys: [get]", 0),
        ("defined: true", "Operation, property: description, matchParentKeys: '/^g/'", 1),
    ])
    func `a configurable rule checks its assertion`(assertion: String, subject: String, count: Int) throws {
        let text = """
            extends: []
            rules:
              rule/own:
                subject: { type: \(subject) }
                assertions: { \(assertion) }
                message: "{{problems}} ({{key}})"
                severity: info
            """
        var faults: [Finding] = []
        let configuration = LintConfiguration(try InMemory.node(text), log: &faults)
        #expect(faults.map(\.message) == [])
        let found = Linter(configuration: configuration).lint(InMemory.files(Self.base), name: "api.yaml").findings
        #expect(found.filter { $0.code == "rule/own" }.count == count, "\(found.map(\.message))")
        #expect(found.allSatisfy { $0.severity == .info })
    }

    @Test func `a condition restricts a configurable rule to matching parents`() throws {
        func count(_ name: String) throws -> Int {
            let text = """
                extends: []
                rules:
                  rule/own:
                    subject: { type: Parameter, property: description }
                    where: [{ subject: { type: Operation, property: operationId }, assertions: { const: \(name) } }]
                    assertions: { defined: true }
                """
            var faults: [Finding] = []
            let configuration = LintConfiguration(try InMemory.node(text), log: &faults)
            return Linter(configuration: configuration).lint(InMemory.files(Self.base), name: "api.yaml").findings.count
        }
        #expect(try count("listOrders") == 1)
        #expect(try count("getOrder") == 0)
    }

    @Test(arguments: [
        (
            "extends: [recomended]",
            "'recomended' is not a ruleset, expected one of spec, minimal, recommended, recommended-strict (did you mean 'recommended'?)"
        ),
        (
            "rules: { operation-sumary: warn }",
            "unknown rule 'operation-sumary' (did you mean 'operation-summary'?)"
        ),
        ("rules: { operation-summary: loud }", "'loud' is not a severity, expected error, warn, info or off"),
        (
            "rules: { rule/x: { subject: { type: Opration }, assertions: {} } }",
            "'Opration' is not a subject type (did you mean 'Operation'?)"
        ),
        (
            "rules: { rule/x: { subject: { type: Operation }, assertions: { patern: x } } }",
            "unknown assertion 'patern' (did you mean 'pattern'?)"
        ),
        (
            "rules: { rule/x: { subject: { type: Operation }, assertions: { casing: wavy } } }",
            "'wavy' is not a valid value for 'casing'"
        ),
        ("rules: { rule/x: { assertions: {} } }", "the rule lacks 'subject'"),
    ])
    func `an invalid configuration is explained`(text: String, message: String) throws {
        var faults: [Finding] = []
        _ = LintConfiguration(try InMemory.node(text), log: &faults)
        #expect(faults.map(\.message) == [message])
    }

    @Test func `the supported settings of a Redocly configuration apply`() async throws {
        try await TemporaryProject.with([]) { project in
            try project.write(Self.base.replacing("      summary: Lists orders.\n", with: ""), to: "api.yaml")
            #expect(try await project.run("schema-check", "lint", "api.yaml").status == 1)
            try project.write(
                "apis: { shop: { root: api.yaml, rules: { operation-summary: off } } }\nextends: [recommended]\nrules: { my/rule: error }\n",
                to: "redocly.yaml"
            )
            let run = try await project.run("schema-check", "lint")
            #expect(run.status == 0)
            #expect(run.output.contains("api.yaml, 1 operations, 1 schemas: 0 errors, 0 warnings\n"))
            #expect(
                run.output.contains(
                    "ignored settings in redocly.yaml:\nredocly.yaml:3:10: error: unknown rule 'my/rule'"
                )
            )
        }
    }
}
