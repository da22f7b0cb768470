import Testing

@Suite struct LintTests {
    private static let contract = ["openapi", "jsonschema", "schema-check.yaml"]

    @Test func `the project's contract has no errors`() async throws {
        try await TemporaryProject.with(Self.contract) { project in
            let run = try await project.run("schema-check", "lint")
            #expect(run.status == 0)
            #expect(run.output.hasSuffix(": 0 errors, 0 warnings\n"))
        }
    }

    @Test(arguments: [
        (
            "jsonschema/heartbeat.schema.json", "\"runtime-mode.schema.json\"", "\"runtime-mood.schema.json\"",
            "'runtime-mood.schema.json' is not a file of this contract [no-unresolved-refs]"
        ),
        (
            "openapi/paths/bots.yaml", "operationId: listBots", "operationId: listModules",
            "two operations are named 'listModules' [operation-operationId-unique]"
        ),
        (
            "jsonschema/runtime-mode.schema.json", "\"LIVE\",", "\"LIVE\", 5,",
            "5 is a number, expected string [no-enum-type-mismatch]"
        ),
        (
            "openapi/paths/bots.yaml", "parameters/PageSize", "parameters/PageSzie",
            "(did you mean 'PageSize'?) [no-unresolved-refs]"
        ),
        (
            "openapi/openapi.yaml", "name: X-Admin-Token", "nmae: X-Admin-Token",
            "a security scheme has no field 'nmae' (did you mean 'name'?) [struct]"
        ),
        (
            "jsonschema/identifier.schema.json", "\"maxLength\": 64", "\"maxLength\": 0",
            "'minLength' (1) is above 'maxLength' (0) [contradiction]"
        ),
        (
            "openapi/paths/commands.yaml", "parameters/CommandID", "parameters/Page",
            "does not describe its parameter 'command_id' [path-parameters-defined]"
        ),
        (
            "jsonschema/module.schema.json", "\"module_id\",", "\"module_idd\",",
            "'module_idd' is required but not described (did you mean 'module_id'?) [no-required-schema-properties-undefined]"
        ),
        ("jsonschema/command.schema.json", "{\n", "{,\n", "','  where"),
        (
            "openapi/paths/ingest.yaml", "heartbeat:\n", "heartbeat: &a [*a]\nother:\n",
            "the alias '*a' is inside of the node"
        ),
    ])
    func `a planted error is reported with its location`(file: String, old: String, new: String, message: String)
        async throws
    {
        try await TemporaryProject.with(Self.contract) { project in
            try project.replace(old, with: new, in: file)
            let run = try await project.run("schema-check", "lint", "openapi/openapi.yaml")
            #expect(run.status == 1)
            let found = run.output.split(separator: "\n").first { $0.contains(message.replacing("  ", with: " ")) }
            #expect(found?.contains(#/^(openapi|jsonschema)/[\w./-]+:\d+:\d+: error: /#) == true, "\(run.output)")
        }
    }

    @Test func `a missing document cannot be checked`() async throws {
        try await TemporaryProject.with([]) { project in
            let run = try await project.run("schema-check", "lint", "nowhere.yaml")
            #expect(run.status == 2)
            #expect(run.output == "schema-check: 'nowhere.yaml' cannot be read\n")
        }
    }

    @Test func `the build tool reports an error with file, line and column, and writes nothing`() async throws {
        try await TemporaryProject.with(Self.contract) { project in
            try project.replace(
                "\"maxLength\": 64",
                with: "\"maxLenght\": 64",
                in: "jsonschema/identifier.schema.json"
            )
            let run = try await project.run(
                "contract-gen",
                "build",
                "--root",
                "openapi/openapi.yaml",
                "--routes",
                "out/Routes.swift",
                "--document",
                "out/Document.swift",
                "openapi/openapi.yaml",
                "out/OpenAPI.swift",
                "jsonschema/identifier.schema.json",
                "out/Identifier.swift"
            )
            #expect(run.status == 1)
            #expect(
                run.output.contains(
                    "jsonschema/identifier.schema.json:7:3: error: a schema has no field 'maxLenght' (did you mean 'maxLength'?)"
                )
            )
            #expect(try await project.run("contract-gen", "build", "nowhere.sql").status == 2)
        }
    }
}
