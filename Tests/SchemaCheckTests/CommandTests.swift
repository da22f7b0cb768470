import Foundation
import Testing

@testable import SchemaCheck

/// `validate`, `examples`, `bundle`, and the effect of hostile documents on them.
@Suite struct CommandTests {
    @Test func `validation errors have locations`() async throws {
        try await TemporaryProject.with(["jsonschema"]) { project in
            try project.write(
                "instance_id: ''\nbot_id: b\nruntime_mode: LIVE\nexchange: x\nsymbol: s\nversion: '1'\ntimestamp: noon\n",
                to: "i.yaml"
            )
            let run = try await project.run(
                "schema-check",
                "validate",
                "jsonschema/heartbeat.schema.json",
                "i.yaml",
                "--assert-format"
            )
            #expect(run.status == 1)
            #expect(
                run.output.contains("i.yaml:1:14: error: 0 characters, expected at least 1 [minLength]"),
                "\(run.output)"
            )
            #expect(run.output.contains("i.yaml:7:12: error: \"noon\" does not have the format date-time [format]"))
            #expect(run.output.hasSuffix("0 of 1 instances are valid: 2 errors, 0 warnings\n"))
            let basic = try await project.run(
                "schema-check",
                "validate",
                "jsonschema/heartbeat.schema.json#/properties/metadata",
                "i.yaml",
                "--basic"
            )
            #expect(basic.status == 0)
            #expect(basic.output.hasPrefix(#"{"valid":true,"annotations":["#))
            let nowhere = try await project.run(
                "schema-check",
                "validate",
                "jsonschema/heartbeat.schema.json#/nowhere",
                "i.yaml"
            )
            #expect(nowhere.status == 2)
        }
    }

    @Test func `an invalid example is found`() async throws {
        try await TemporaryProject.with(["openapi", "jsonschema"]) { project in
            #expect(try await project.run("schema-check", "examples").status == 0)
            try project.replace(
                "\"runtime_mode\": \"LIVE\"",
                with: "\"runtime_mode\": \"LIFE\"",
                in: "jsonschema/heartbeat.schema.json"
            )
            let run = try await project.run("schema-check", "examples")
            #expect(run.status == 1)
            #expect(
                run.output.contains(
                    #/jsonschema\/heartbeat\.schema\.json:\d+:23: error: "LIFE", expected one of .* \[example\]/#
                ),
                "\(run.output)"
            )
        }
    }

    @Test func `an example that cannot be checked is an error`() async throws {
        try await TemporaryProject.with([]) { project in
            try project.write(InMemory.document("$ref: 'missing.yaml#/S', example: 1"), to: "api.yaml")
            let run = try await project.run("schema-check", "examples", "api.yaml")
            #expect(run.status == 1)
            #expect(
                run.output.contains("'missing.yaml' is not a file of this contract [unresolved-reference]"),
                "\(run.output)"
            )
            #expect(run.output.contains("cannot be checked: the reference 'missing.yaml#/S'"), "\(run.output)")
        }
    }

    @Test func `a bundle is self-contained and equivalent`() async throws {
        try await TemporaryProject.with(["openapi", "jsonschema"]) { project in
            for name in ["bundle.yaml", "bundle.json"] {
                #expect(try await project.run("schema-check", "bundle", "--output", name).status == 0)
                let diff = try await project.run("schema-check", "diff", "openapi/openapi.yaml", name)
                #expect(diff.output.hasSuffix(": 0 errors, 0 warnings\n"), "\(diff.output)")
                let text = try String(contentsOf: project.folder.appending(path: name), encoding: .utf8)
                #expect(!text.contains(".schema.json"))
            }
        }
    }

    /// Properties named `$ref`: required, in a nested object (as in GitHub's API), beside `allOf`, and below an unknown keyword.
    private static let referenceProperty = """
        openapi: 3.1.0
        info: {title: Groups, version: 1.0.0}
        paths:
          /groups:
            post:
              operationId: addGroup
              requestBody:
                content:
                  application/json:
                    schema: {$ref: '#/components/schemas/Group'}
                    example: {$ref: group, members: [{$ref: member}]}
              responses:
                '204': {description: Added.}
        components:
          schemas:
            Group:
              allOf: [{$ref: '#/components/schemas/Members'}]
              type: object
              required: [$ref]
              properties:
                $ref: {type: string, maxLength: 10}
              definitions:
                Other: {type: object, properties: {$ref: {type: string}}}
            Members:
              type: object
              properties:
                members: {type: array, items: {type: object, properties: {$ref: {$ref: '#/components/schemas/Link'}}}}
            Link: {type: string, maxLength: 20}
        """

    @Test func `a property named $ref is a property`() async throws {
        try await TemporaryProject.with([]) { project in
            try project.write(Self.referenceProperty, to: "api.yaml")
            try project.write("{\"$ref\": \"a group's link\", \"members\": [{\"$ref\": 1}]}", to: "group.json")
            let lint = try await project.run("schema-check", "lint", "api.yaml", "--extends", "spec")
            let errors = lint.output.split(separator: "\n").filter { $0.contains(": error: ") }
            #expect(errors == ["api.yaml:22:7: error: a schema has no field 'definitions' [struct]"])
            let examples = try await project.run("schema-check", "examples", "api.yaml")
            #expect(examples.output == "api.yaml, 1 examples: 0 errors, 0 warnings\n")
            let validation = try await project.run(
                "schema-check",
                "validate",
                "api.yaml#/components/schemas/Group",
                "group.json"
            )
            #expect(
                validation.output.contains("group.json:1:10: error: 14 characters, expected at most 10 [maxLength]")
            )
            #expect(validation.output.contains("group.json:1:49: error: 1 is of type number, expected string [type]"))
            let bundle = try await project.run("schema-check", "bundle", "api.yaml", "--output", "bundle.yaml")
            #expect(bundle.output == "")
            let unchanged = try await project.run("schema-check", "diff", "api.yaml", "bundle.yaml")
            #expect(unchanged.output.hasSuffix(": 0 errors, 0 warnings\n"), "\(unchanged.output)")
            try project.replace("maxLength: 10", with: "maxLength: 5", in: "bundle.yaml")
            try project.replace("maxLength: 20", with: "maxLength: 2", in: "bundle.yaml")
            let changed = try await project.run("schema-check", "diff", "api.yaml", "bundle.yaml")
            #expect(changed.output.contains("request body at /$ref:"), "\(changed.output)")
            #expect(changed.output.contains("request body at /members/*/$ref:"), "\(changed.output)")
        }
    }

    @Test(arguments: [
        "1.0.0.yaml, 17 operations, 31 schemas", "1.1.0.yaml, 75 operations, 121 schemas",
        "1.2.0.yaml, 82 operations, 134 schemas",
    ])
    func `the stored contract of a release is unchanged`(summary: String) async throws {
        try await TemporaryProject.with(["releases"]) { project in
            let name = try #require(summary.split(separator: ",").first)
            let run = try await project.run(
                "schema-check",
                "lint",
                "releases/\(name)",
                "--extends",
                "recommended-strict"
            )
            #expect(run.output == "releases/\(summary): 0 errors, 0 warnings\n")
        }
    }

    /// Documents designed to exhaust the tools. Each ends in findings, with the corresponding exit status.
    private static let hostile: [(name: String, text: String)] = [
        ("nested", "openapi: 3.1.0\nx: " + String(repeating: "[", count: 100_000)),
        (
            "aliases",
            "a: &a [x]\n"
                + (0..<30).map { "b\($0): &b\($0) [\($0 == 0 ? "*a" : "*b\($0 - 1), *b\($0 - 1)")]\n" }.joined()
        ),
        (
            "cycle",
            InMemory.document(
                "$ref: '#/components/schemas/A'",
                components:
                    "{ schemas: { A: { $ref: '#/components/schemas/B' }, B: { $ref: '#/components/schemas/A' } } }"
            )
        ),
        (
            "chain",
            InMemory.document(
                "$ref: '#/components/schemas/S0'",
                components:
                    "{ schemas: { \((0..<3_000).map { "S\($0): { $ref: '#/components/schemas/S\($0 + 1)' }" }.joined(separator: ", ")), S3000: {} } }"
            )
        ),
        (
            "pattern",
            InMemory.document("type: string, pattern: '^((a+)+)+$', example: \(String(repeating: "a", count: 5_000))b")
        ),
        (
            "number",
            InMemory.document(
                "multipleOf: 0.\(String(repeating: "0", count: 50_000))1, example: 1\(String(repeating: "0", count: 50_000))"
            )
        ),
        (
            "alternatives",
            InMemory.document(
                "$ref: '#/components/schemas/T'",
                components:
                    "{ schemas: { T: { type: object, properties: { a: { anyOf: [\((0..<12).map { "{ type: object, required: [k\($0)], properties: { n: { $ref: '#/components/schemas/T' } } }" }.joined(separator: ", "))] } } } } }"
            )
        ),
        ("nothing", ""), ("list", "[]"), ("bytes", "\u{0}\u{1}"), ("text", "openapi"),
    ]

    @Test(arguments: hostile.map(\.name))
    func `hostile documents end in findings`(name: String) async throws {
        let text = try #require(Self.hostile.first { $0.name == name }?.text)
        try await TemporaryProject.with([]) { project in
            try project.write(text, to: "api.yaml")
            try project.write(text.replacing("postThing", with: "putThing"), to: "new.yaml")
            for arguments in [
                ["lint", "api.yaml"], ["diff", "api.yaml", "new.yaml"], ["examples", "api.yaml"],
                ["bundle", "api.yaml"],
            ] {
                let run = try await project.run("schema-check", arguments)
                #expect([0, 1, 2].contains(run.status), "\(arguments) \(run.output.suffix(400))")
            }
        }
    }
}
