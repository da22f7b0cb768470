import ArgumentParser

@main
struct SchemaCheck: AsyncParsableCommand {
    static let version = "1.0.0"

    static let configuration = CommandConfiguration(
        commandName: "schema-check",
        abstract: "The gatekeeper of a contract: OpenAPI 3.0 to 3.2, JSON Schema 2020-12, and the SQL behind it.",
        discussion: """
            In a pull request, typically:

                schema-check lint openapi/openapi.yaml --format sarif        what is wrong, and what is unwise
                schema-check examples openapi/openapi.yaml                   examples that do not fit their schemas
                schema-check diff git:origin/main openapi/openapi.yaml       what breaks clients, with values that prove it

            Every finding has a code, a severity, a place and a JSON Pointer. Exit status: 0 nothing found, 1 something at or above --fail-on, \
            2 the check could not run. Nothing is ever fetched from a network.
            """,
        version: version,
        subcommands: [
            Lint.self, Validate.self, Examples.self, Diff.self, Traffic.self, BundleCommand.self, Queries.self,
            Serve.self, YAMLToJSON.self,
        ]
    )
}
