import Foundation
import Testing

/// Documents that are recursive, very deep, or have very many paths to one schema. Every command ends with a result or a diagnostic, in
/// bounded memory and time.
@Suite struct RecursionTests {
    /// A document, and the expected error when code is generated from it; nil if that succeeds.
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let files: [String: String]
        let error: String?

        var testDescription: String { name }
    }

    private static func document(_ schemas: String) -> String {
        """
        openapi: 3.1.0
        info: { title: Recursion, version: '1' }
        paths:
          /trees:
            post:
              operationId: postTree
              requestBody: { content: { application/json: { schema: { $ref: '#/components/schemas/S0' } } } }
              responses:
                '200':
                  description: The tree.
                  content: { application/json: { schema: { $ref: '#/components/schemas/S0' }, example: {} } }
        components:
          schemas:
        \(schemas)

        """
    }

    private static func sample(_ name: String, _ schemas: String, error: String? = nil) -> Sample {
        Sample(name: name, files: ["api.yaml": document(schemas)], error: error)
    }

    /// A schema whose items, properties or conditions refer back to the schema.
    private static let keywords = [
        "anyOf": "type: object, properties: { kids: { type: array, items: { anyOf: [{ $ref: TREE }] } } }",
        "anyOf of two": "type: object, properties: { kid: { anyOf: [{ $ref: TREE }, { type: string }] } }",
        "oneOf": "type: object, properties: { kids: { type: array, items: { oneOf: [{ $ref: TREE }] } } }",
        "allOf": "type: object, properties: { kid: { type: object, allOf: [{ $ref: TREE }], properties: { a: {} } } }",
        "items": "type: array, items: { $ref: TREE }",
        "additionalProperties": "type: object, additionalProperties: { type: object, anyOf: [{ $ref: TREE }] }",
        "not": "type: object, properties: { kid: { not: { $ref: TREE } } }",
        "$dynamicRef":
            "$id: 'https://example.com/t', $dynamicAnchor: n, type: object, properties: { kid: { $dynamicRef: '#n' } }",
    ]

    private static let trees = keywords.sorted { $0.key < $1.key }.flatMap { name, text in
        let own = text.replacing("TREE", with: "'#/components/schemas/S0'")
        return [
            sample(name, "    S0: { \(own) }"),
            Sample(
                name: "\(name) through files",
                files: [
                    "api.yaml": document("    S0: { $ref: 'a.yaml' }"),
                    "a.yaml": "{ \(text.replacing("TREE", with: "'b.yaml#/x/b'")) }\n",
                    "b.yaml":
                        "x: { b: { \(text.replacing("TREE", with: "'a.yaml'").replacing("com/t", with: "com/b")) } }\n",
                ],
                error: nil
            ),
        ]
    }

    private static func chain(_ count: Int, _ text: (String) -> String) -> String {
        (0..<count).map { "    S\($0): { \(text("$ref: '#/components/schemas/S\($0 + 1)'")) }" }.joined(separator: "\n")
            + "\n    S\(count): { type: object, properties: { a: { type: string } } }"
    }

    private static let many = ["anyOf", "oneOf", "allOf"].flatMap { keyword in
        [
            sample(
                "two \(keyword) to the next",
                chain(40) { "\(keyword): [{ \($0) }, { allOf: [{ \($0) }], title: o }]" }
            ),
            sample(
                "two members that are \(keyword) of the next",
                chain(40) {
                    "type: object, properties: { x: { \(keyword): [{ \($0) }] }, y: { \(keyword): [{ \($0) }], minProperties: 1 } }"
                }
            ),
        ]
    }

    private static let deep = [
        sample(
            "a long chain of references",
            chain(3_000) { $0 },
            error: "more than 500 nested schemas apply to one value [nesting]"
        ),
        sample(
            "a long chain of members",
            chain(3_000) { "type: object, properties: { next: { \($0) } }" },
            error: "more than 2000 levels of types that contain each other [nesting]"
        ),
        sample(
            "nested schemas",
            "    S0: " + String(repeating: "{ items: ", count: 100_000) + "{}" + String(repeating: "}", count: 100_000),
            error: "more than 256 levels of nesting [nesting]"
        ),
        sample(
            "a nested example",
            "    S0: { example: \(String(repeating: "[", count: 100_000))\(String(repeating: "]", count: 100_000)) }",
            error: "more than 256 levels of nesting [nesting]"
        ),
        sample(
            "nesting behind aliases",
            (0..<60).map { number in
                let inner = number == 0 ? "{}" : "*a\(number - 1)"
                let (open, close) = (String(repeating: "{ items: ", count: 200), String(repeating: "}", count: 200))
                return "    S\(number): &a\(number) \(open)\(inner)\(close)"
            }.joined(separator: "\n"),
            error: "more than 256 levels of nesting [nesting]"
        ),
        sample(
            "the smallest and the largest numbers",
            """
                S0:
                  type: object
                  properties:
                    a: { type: integer, enum: [-9223372036854775808, 9223372036854775807] }
                    b: { type: integer, exclusiveMinimum: 9223372036854775807 }
                    c: { type: array, items: { type: string }, minItems: 9223372036854775807 }
            """
        ),
    ]

    static let samples = trees + many + deep

    @Test(arguments: samples)
    func `every command ends in bounded memory and time`(sample: Sample) async throws {
        try await TemporaryProject.with([]) { project in
            for (name, text) in sample.files { try project.write(text, to: name) }
            let changed = sample.files["api.yaml"]?.replacing("type: string", with: "type: string, minLength: 3")
            try project.write(changed ?? "", to: "new.yaml")
            try project.write(
                #"{"request":{"method":"POST","path":"/trees","headers":{"Content-Type":"application/json"},"body":"{}"},"#
                    + #""response":{"status":200,"headers":{"Content-Type":"application/json"},"body":"{}"}}"# + "\n",
                to: "traffic.jsonl"
            )
            for arguments in [
                ["lint", "api.yaml", "--root", "."], ["examples", "api.yaml", "--root", "."],
                ["bundle", "api.yaml", "--root", "."], ["diff", "api.yaml", "new.yaml"],
                ["diff", "new.yaml", "api.yaml"],
                ["traffic", "traffic.jsonl", "--contract", "api.yaml"], ["yaml2json", "api.yaml"],
                ["validate", "api.yaml#/components/schemas/S0", "api.yaml"],
            ] {
                let run = try await project.run("schema-check", arguments, isBounded: true)
                #expect([0, 1, 2].contains(run.status), "\(arguments) \(run.output.suffix(400))")
            }
            for arguments in [
                ["generate", "api.yaml", "--output", "swift", "--quiet"],
                ["generate", "api.yaml", "--python", "client.py", "--quiet"],
            ] {
                let run = try await project.run("contract-gen", arguments, isBounded: true)
                #expect(run.status == (sample.error == nil ? 0 : 1), "\(arguments) \(run.output.suffix(400))")
                #expect(
                    sample.error.map { run.output.contains($0) } ?? true,
                    "\(arguments) \(run.output.suffix(400))"
                )
            }
            let explained = try await project.run("contract-gen", ["explain", "api.yaml"], isBounded: true)
            #expect([0, 1].contains(explained.status), "\(explained.output.suffix(400))")
            let built = try await project.run(
                "contract-gen",
                [
                    "build", "--root", "api.yaml", "--routes", "Routes.swift", "--document", "Document.swift",
                    "api.yaml",
                    "API.swift", "api.yaml", "API.swift",
                ],
                isBounded: true
            )
            #expect([0, 1].contains(built.status), "\(built.output.suffix(400))")
        }
    }
}
