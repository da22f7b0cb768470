import ContractCompiler
import Foundation
import Testing

@testable import SchemaCheck

/// Differences between parameters, operations, security and whole documents, and the `diff` command.
@Suite struct OperationDiffTests {
    // MARK: - Parameters

    static let parameters: [(old: String, new: String, expected: String)] = [
        ("[]", "[{ name: id, in: path, required: true, schema: {} }]", "new-request-path-parameter error"),
        ("[]", "[{ name: q, in: query, required: true, schema: {} }]", "new-required-request-parameter error"),
        (
            "[]", "[{ name: q, in: query, required: true, schema: { default: 1 } }]",
            "new-required-request-default-parameter-to-existing-path error"
        ),
        ("[]", "[{ name: q, in: query, schema: {} }]", ""),
        ("[{ name: q, in: query, schema: {} }]", "[]", "request-parameter-removed warn"),
        (
            "[{ name: q, in: query, deprecated: true, x-sunset: '2099-01-01', schema: {} }]", "[]",
            "request-parameter-removed-before-sunset error"
        ),
        ("[{ name: q, in: query, deprecated: true, x-sunset: '2020-01-01', schema: {} }]", "[]", ""),
        (
            "[{ name: q, in: query, schema: {} }]", "[{ name: q, in: query, required: true, schema: {} }]",
            "request-parameter-became-required error"
        ),
        (
            "[{ name: q, in: query, schema: { type: string } }]", "[{ name: q, in: query, schema: { type: integer } }]",
            "request-parameter-type-changed error"
        ),
        (
            "[{ name: q, in: query, schema: { type: [string, integer] } }]",
            "[{ name: q, in: query, schema: { type: [integer, boolean] } }]", "request-parameter-type-changed error"
        ),
        (
            "[{ name: q, in: query, schema: { type: [string, boolean, integer] } }]",
            "[{ name: q, in: query, schema: { type: [integer, boolean] } }]",
            "request-parameter-list-of-types-narrowed error"
        ),
        (
            "[{ name: q, in: query, schema: { type: string } }]",
            "[{ name: q, in: query, schema: { type: string, enum: [a] } }]", "request-parameter-became-enum error"
        ),
        (
            "[{ name: q, in: query, schema: { enum: [a, b] } }]", "[{ name: q, in: query, schema: { enum: [a] } }]",
            "request-parameter-enum-value-removed error"
        ),
        (
            "[{ name: q, in: query, schema: { type: [string, 'null'] } }]",
            "[{ name: q, in: query, schema: { type: string } }]", "request-parameter-became-not-nullable error"
        ),
        (
            "[{ name: q, in: query, schema: { default: 1 } }]", "[{ name: q, in: query, schema: { default: 2 } }]",
            "request-parameter-default-value-changed error"
        ),
        (
            "[{ name: q, in: query, schema: {} }]", "[{ name: q, in: query, schema: { default: 2 } }]",
            "request-parameter-default-value-added error"
        ),
        (
            "[{ name: q, in: query, schema: { default: 1 } }]", "[{ name: q, in: query, schema: {} }]",
            "request-parameter-default-value-removed error"
        ),
        (
            "[{ name: q, in: query, schema: { maximum: 5 } }]", "[{ name: q, in: query, schema: { maximum: 4 } }]",
            "request-parameter-max-decreased error"
        ),
        (
            "[{ name: q, in: query, schema: { minimum: 5 } }]", "[{ name: q, in: query, schema: { minimum: 6 } }]",
            "request-parameter-min-increased error"
        ),
        (
            "[{ name: q, in: query, schema: { maxLength: 5 } }]", "[{ name: q, in: query, schema: { maxLength: 4 } }]",
            "request-parameter-max-length-decreased error"
        ),
        (
            "[{ name: q, in: query, schema: { minLength: 5 } }]", "[{ name: q, in: query, schema: { minLength: 6 } }]",
            "request-parameter-min-length-increased error"
        ),
        (
            "[{ name: q, in: query, schema: { type: array, maxItems: 5 } }]",
            "[{ name: q, in: query, schema: { type: array, maxItems: 4 } }]",
            "request-parameter-max-items-decreased error"
        ),
        (
            "[{ name: q, in: query, schema: { type: array, minItems: 5 } }]",
            "[{ name: q, in: query, schema: { type: array, minItems: 6 } }]",
            "request-parameter-min-items-increased error"
        ),
        (
            "[{ name: q, in: query, schema: { type: string } }]",
            "[{ name: q, in: query, schema: { type: string, pattern: '^a' } }]", "request-parameter-pattern-added error"
        ),
        (
            "[{ name: q, in: query, schema: { type: string, pattern: '^b' } }]",
            "[{ name: q, in: query, schema: { type: string, pattern: '^a' } }]",
            "request-parameter-pattern-changed warn"
        ),
        (
            "[{ name: q, in: query, schema: { type: string } }]",
            "[{ name: q, in: query, schema: { type: string, maxLength: 4 } }]", "request-parameter-max-length-set warn"
        ),
        (
            "[{ name: q, in: query, schema: { type: array } }]",
            "[{ name: q, in: query, style: pipeDelimited, schema: { type: array } }]",
            "request-parameter-style-changed error"
        ),
        (
            "[{ name: q, in: query, schema: { type: array } }]",
            "[{ name: q, in: query, explode: false, schema: { type: array } }]",
            "request-parameter-explode-changed error"
        ),
        (
            "[{ name: q, in: query, schema: { type: string } }]",
            "[{ name: q, in: query, explode: false, schema: { type: string } }]", ""
        ),
        ("[{ name: X-A, in: header, schema: {} }]", "[{ name: x-a, in: header, schema: {} }]", ""),
        (
            "[{ name: q, in: query, deprecated: true, x-sunset: '2099-01-01', schema: {} }]",
            "[{ name: q, in: query, deprecated: true, schema: {} }]", "request-parameter-sunset-deleted error"
        ),
    ]

    @Test(arguments: parameters)
    func `differences of parameters are found`(old: String, new: String, expected: String) throws {
        let found = try Differences.of(InMemory.document(parameters: old), InMemory.document(parameters: new))
        #expect(Differences.described(found).joined(separator: ", ") == expected)
    }

    // MARK: - Operations

    static let operations: [(old: String, new: String, days: Int, expected: String)] = [
        ("/a: { get: { \(Differences.answer) } }", "{}", 0, "api-path-removed-without-deprecation error"),
        (
            "/a: { get: { deprecated: true, x-sunset: '2099-01-01', \(Differences.answer) } }", "{}", 0,
            "api-path-removed-before-sunset error"
        ),
        ("/a: { get: { deprecated: true, x-sunset: '2020-01-01', \(Differences.answer) } }", "{}", 0, ""),
        (
            "/a: { get: { \(Differences.answer) }, put: { \(Differences.answer) } }",
            "/a: { get: { \(Differences.answer) } }", 0,
            "api-removed-without-deprecation error"
        ),
        (
            "/a: { get: { \(Differences.answer) }, put: { deprecated: true, x-sunset: '2099-01-01', \(Differences.answer) } }",
            "/a: { get: { \(Differences.answer) } }", 0, "api-removed-before-sunset error"
        ),
        (
            "/a: { get: { \(Differences.answer) } }", "/a: { get: { deprecated: true, \(Differences.answer) } }", 30,
            "api-deprecated-sunset-missing error"
        ),
        ("/a: { get: { \(Differences.answer) } }", "/a: { get: { deprecated: true, \(Differences.answer) } }", 0, ""),
        (
            "/a: { get: { \(Differences.answer) } }",
            "/a: { get: { deprecated: true, x-sunset: '2026-12-01', \(Differences.answer) } }", 30,
            "api-sunset-date-too-small error"
        ),
        (
            "/a: { get: { \(Differences.answer) } }",
            "/a: { get: { deprecated: true, x-sunset: '2027-02-01', \(Differences.answer) } }", 30, ""
        ),
        (
            "/a: { get: { \(Differences.answer) } }",
            "/a: { get: { deprecated: true, x-sunset: soon, \(Differences.answer) } }", 0,
            "api-deprecated-sunset-parse error"
        ),
        (
            "/a: { get: { deprecated: true, x-sunset: '2099-01-01', \(Differences.answer) } }",
            "/a: { get: { deprecated: true, \(Differences.answer) } }", 0, "sunset-deleted error"
        ),
        (
            "/a: { get: { deprecated: true, x-sunset: '2099-01-01', \(Differences.answer) } }",
            "/a: { get: { deprecated: true, x-sunset: '2026-11-30', \(Differences.answer) } }", 30,
            "api-sunset-date-changed-too-small error"
        ),
        (
            "/a: { get: { operationId: x, \(Differences.answer) } }",
            "/a: { get: { operationId: y, \(Differences.answer) } }", 0,
            "api-operation-id-removed warn"
        ),
        (
            "/a: { get: { responses: { '200': { description: x }, '204': { description: x } } } }",
            "/a: { get: { \(Differences.answer) } }", 0, "response-success-status-removed error"
        ),
        (
            "/a: { get: { responses: { '204': { description: x } } } }",
            "/a: { get: { responses: { 2XX: { description: x } } } }", 0, ""
        ),
        (
            "/a: { get: { responses: { '404': { description: x } } } }",
            "/a: { get: { responses: { '400': { description: x } } } }", 0, ""
        ),
        (
            "/a: { get: { responses: { '200': { description: x, content: { text/a: {}, text/b: {} } } } } }",
            "/a: { get: { responses: { '200': { description: x, content: { text/b: {} } } } } }", 0,
            "response-media-type-removed error"
        ),
        (
            "/a: { get: { responses: { '200': { description: x, headers: { A: { required: true, schema: {} } } } } } }",
            "/a: { get: { \(Differences.answer) } }", 0, "required-response-header-removed error"
        ),
        (
            "/a: { get: { responses: { '200': { description: x, headers: { A: { schema: {} } } } } } }",
            "/a: { get: { \(Differences.answer) } }", 0, "optional-response-header-removed warn"
        ),
        (
            "/a: { get: { responses: { '200': { description: x, headers: { A: { required: true, schema: {} } } } } } }",
            "/a: { get: { responses: { '200': { description: x, headers: { a: { schema: {} } } } } } }", 0,
            "response-header-became-optional error"
        ),
        (
            "/a: { get: { responses: { '200': { description: x, headers: { A: { schema: { type: string } } } } } } }",
            "/a: { get: { responses: { '200': { description: x, headers: { A: { schema: { type: integer } } } } } } }",
            0, "response-header-type-changed error"
        ),
        (
            "/a: { post: { \(Differences.answer) } }",
            "/a: { post: { requestBody: { required: true, content: { text/a: {} } }, \(Differences.answer) } }", 0,
            "request-body-added-required error"
        ),
        (
            "/a: { post: { requestBody: { content: { text/a: {} } }, \(Differences.answer) } }",
            "/a: { post: { requestBody: { required: true, content: { text/a: {} } }, \(Differences.answer) } }", 0,
            "request-body-became-required error"
        ),
        (
            "/a: { post: { requestBody: { content: { text/a: {} } }, \(Differences.answer) } }",
            "/a: { post: { \(Differences.answer) } }", 0,
            "request-body-removed error"
        ),
        (
            "/a: { post: { requestBody: { content: { text/a: {}, text/b: {} } }, \(Differences.answer) } }",
            "/a: { post: { requestBody: { content: { text/b: {} } }, \(Differences.answer) } }", 0,
            "request-body-media-type-removed error"
        ),
        (
            "/a: { get: { \(Differences.answer) } }", "/a: { get: { security: [{ key: [] }], \(Differences.answer) } }",
            0,
            "api-security-added error"
        ),
        (
            "/a: { get: { security: [{ key: [r] }], \(Differences.answer) } }",
            "/a: { get: { security: [{ key: [r, w] }], \(Differences.answer) } }", 0, "api-security-scope-added error"
        ),
        (
            "/a: { get: { security: [{ key: [] }, { other: [] }], \(Differences.answer) } }",
            "/a: { get: { security: [{ key: [] }], \(Differences.answer) } }", 0, "api-security-added error"
        ),
        (
            "/a: { get: { security: [{ key: [] }], \(Differences.answer) } }",
            "/a: { get: { security: [{ key: [] }, { other: [] }], \(Differences.answer) } }", 0, ""
        ),
        (
            "/a: { get: { callbacks: { done: { '{$request.body#/u}': { post: { \(Differences.answer) } } } }, \(Differences.answer) } }",
            "/a: { get: { \(Differences.answer) } }", 0, "callback-removed error"
        ),
    ]

    @Test(arguments: operations)
    func `differences of operations are found`(old: String, new: String, days: Int, expected: String) throws {
        let found = try Differences.of(Differences.paths(old), Differences.paths(new), days: days)
        #expect(Differences.described(found).joined(separator: ", ") == expected)
    }

    @Test func `differences of the whole document are found`() throws {
        let path = "/a: { get: { \(Differences.answer) } }"
        func found(_ old: String, _ new: String) throws -> [String] {
            try Differences.described(
                Differences.of(Differences.paths(path, more: old), Differences.paths(path, more: new))
            )
        }
        let schemes = "components: { securitySchemes: { key: { type: apiKey, in: header, name: K } } }"
        #expect(try found(schemes, schemes + "\nsecurity: [{ key: [] }]") == ["api-global-security-added error"])
        #expect(
            try found("security: [{ o: [r] }]", "security: [{ o: [r, w] }]") == [
                "api-global-security-scope-added error"
            ]
        )
        #expect(try found(schemes, "") == ["api-security-component-removed error"])
        #expect(
            try found(schemes, schemes.replacing("header", with: "query")) == [
                "api-security-component-type-changed error"
            ]
        )
        let hook =
            "webhooks: { done: { post: { requestBody: { content: { application/json: { schema: { type: object, properties: { a: {} }, required: [a] } } } }, \(Differences.answer) } } }"
        #expect(try found(hook, "") == ["webhook-removed error"])
        // The server sends this request, so an optional property in it breaks its receivers.
        #expect(
            try found(hook, hook.replacing(", required: [a]", with: "")) == ["response-property-became-optional error"]
        )
    }

    // MARK: - The command

    /// A removed field, a narrowed enumeration, a new required member, a new security requirement.
    @Test(arguments: [
        (
            "jsonschema/heartbeat.schema.json", "    \"metadata\": {", "    \"details\": {", "request-property-removed",
            true
        ),
        ("jsonschema/runtime-mode.schema.json", "    \"PAPER\",\n", "", "request-property-enum-value-removed", true),
        (
            "jsonschema/heartbeat.schema.json", "    \"timestamp\"\n  ],", "    \"timestamp\",\n    \"metadata\"\n  ],",
            "request-property-became-required-with-default", true
        ),
        ("openapi/paths/ingest.yaml", "    security: []\n", "", "api-security-added", false),
    ])
    func `a breaking change of this project's contract is found between a commit and the working tree`(
        file: String,
        old: String,
        new: String,
        code: String,
        hasWitness: Bool
    ) async throws {
        try await TemporaryProject.with(["openapi", "jsonschema"]) { project in
            let identity = ["-c", "user.name=t", "-c", "user.email=t@t"]
            for arguments in [["init", "-q"], ["add", "."], identity + ["commit", "-qm", "x"]] {
                try project.git(arguments)
            }
            #expect(try await project.run("schema-check", "diff", "git:HEAD", "openapi/openapi.yaml").status == 0)
            try project.replace(old, with: new, in: file)
            let run = try await project.run("schema-check", "diff", "git:HEAD", "openapi/openapi.yaml")
            #expect(run.status == 1)
            let lines = run.output.split(separator: "\n").map(String.init)
            let index = try #require(
                lines.firstIndex { $0.contains(": error: ") && $0.hasSuffix("[\(code)]") },
                "\(run.output)"
            )
            let rest = lines[(index + 1)...].prefix { !$0.contains(": error: ") }
            #expect(rest.contains { $0.hasPrefix("witness: ") } == hasWitness, "\(run.output)")
        }
    }

    @Test func `an unreadable side is named`() async throws {
        try await TemporaryProject.with([]) { project in
            let run = try await project.run("schema-check", "diff", "git:nowhere", "a.yaml")
            #expect(run.status == 2)
            #expect(
                run.output
                    == "schema-check: 'git:nowhere' cannot be read: the working directory is not in a git repository\n"
            )
        }
    }
}
