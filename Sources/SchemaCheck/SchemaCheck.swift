import ArgumentParser

@main
struct SchemaCheck: AsyncParsableCommand {
    static let version = "1.0.0"

    static let configuration = CommandConfiguration(
        commandName: "schema-check",
        abstract: "Checks contracts: OpenAPI 3.0 to 3.2, JSON Schema 2020-12, and the SQL behind them.",
        discussion: """
            Typical use in a pull request:

                schema-check lint openapi/openapi.yaml --format sarif        errors and bad practices
                schema-check examples openapi/openapi.yaml                   examples that violate their schemas
                schema-check diff git:origin/main openapi/openapi.yaml       breaking changes, with values that prove them

            Every finding has a code, a severity, a location and a JSON Pointer. Exit status: 0 no finding at or above --fail-on, 1 at least one, \
            2 the check could not run. Nothing is fetched from a network.
            """,
        version: version,
        subcommands: [
            Lint.self, Validate.self, Examples.self, Diff.self, Traffic.self, BundleCommand.self, Queries.self,
            Serve.self, YAMLToJSON.self,
        ]
    )
}
