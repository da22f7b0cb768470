import Testing

@testable import SchemaCheck

/// Entries of the ignore file that accept all changes with one reason.
@Suite struct AcceptedChangeTests {
    private static let old = InMemory.document("type: object, properties: { a: { type: string }, b: { type: string } }")
    /// Both members got a pattern, and one of them a limit.
    private static let new = InMemory.document(
        "type: object, properties: { a: { $ref: '#/components/schemas/Upper' }, b: { type: string, pattern: '^[A-Z]*$', maxLength: 9 } }",
        components: "{ schemas: { Upper: { type: string, pattern: '^[A-Z]*$' } } }"
    )

    /// The entries of an ignore file, and the errors and warnings that remain.
    static let files: [(entries: String, remaining: [String])] = [
        (
            "[{ rule: request-property-pattern-added, reason: r }]",
            ["the maximum of 9 characters was added [request-property-max-length-set]"]
        ),
        ("[{ rule: 'request-property-*', reason: r }]", []),
        ("[{ rule: [request-property-pattern-added, '*-max-length-set'], count: 3, reason: r }]", []),
        ("[{ rule: '*', operation: 'POST /things/*', message: 'the request body at /*was added', reason: r }]", []),
        // A literal '*' matches, too, and the entries do not overlap.
        (
            "[{ rule: '*', message: \"*/a: the pattern '^[A-Z]*$' was added\", count: 1, reason: r }, { rule: '*', message: '*/b: *', reason: r }]",
            []
        ),
        (
            "[{ rule: '*', at: ['new.yaml#/components/*/pattern', 'new.yaml#/paths/*/b/pattern'], count: 2, reason: r }]",
            ["the maximum of 9 characters was added [request-property-max-length-set]"]
        ),
        (
            "[{ rule: '*', reason: r }, { rule: 'response-*', reason: r }]",
            ["no change matches this entry: remove it [ignore-file]"]
        ),
        (
            "[{ rule: '*', count: 2, reason: r }]",
            ["this entry accepts 2 changes, but matches 3: review them and correct 'count' [ignore-file]"]
        ),
        // Entries that cannot be read accept nothing.
        (
            "[{ rule: '*', raeson: r }]",
            [
                "an entry has no field 'raeson' (did you mean 'reason'?) [ignore-file]",
                "the maximum of 9 characters was added [request-property-max-length-set]",
                "the pattern '^[A-Z]*$' was added [request-property-pattern-added]",
                "the pattern '^[A-Z]*$' was added [request-property-pattern-added]",
                "this entry needs a 'reason' [ignore-file]",
            ]
        ),
        (
            "[{ rule: '*', reason: r }, { rule: a, count: 0, reason: r }]",
            ["'count' must be a whole number of at least 1 [ignore-file]"]
        ),
        (
            "[{ rule: '*', reason: r, until: 2020-01-31 }, { rule: '*', reason: r, until: 2999-01-31 }]",
            ["this entry expired on 2020-01-31: fix the finding or extend 'until' [ignore-file]"]
        ),
    ]

    @Test(arguments: files)
    func `an entry accepts the changes that match it`(entries: String, remaining: [String]) async throws {
        try await TemporaryProject.with([]) { project in
            try project.write(Self.old, to: "old.yaml")
            try project.write(Self.new, to: "new.yaml")
            try project.write("changes: \(entries)\n", to: IgnoreFile.name)
            let run = try await project.run("schema-check", "diff", "old.yaml", "new.yaml", "--check-ignore-file")
            let messages = run.output.matches(of: #/: (?:error|warning): (?:the request body at \/.: )?(.*\])\n/#)
            #expect(messages.map { String($0.output.1) }.sorted() == remaining, "\(run.output)")
        }
    }

    @Test func `unused entries are errors only with --check-ignore-file`() async throws {
        try await TemporaryProject.with([]) { project in
            try project.write(Self.old, to: "old.yaml")
            try project.write("changes: [{ rule: a, reason: r }]\nfingerprints: [0a1b2c3d4e5f]\n", to: IgnoreFile.name)
            let arguments = ["diff", "old.yaml", "old.yaml"]
            #expect(try await project.run("schema-check", arguments).status == 0)
            let run = try await project.run("schema-check", arguments + ["--check-ignore-file"])
            #expect(run.status == 1)
            #expect(
                run.output.contains("schema-check.ignore.yaml:1:11: error: no change matches this entry: remove it")
            )
            #expect(
                run.output.contains("schema-check.ignore.yaml:2:16: error: no change matches this entry: remove it")
            )
        }
    }
}
