import ArgumentParser

@main
struct SchemaCheck: AsyncParsableCommand {
    static let version = "1.0.0"

    static let configuration = CommandConfiguration(
        commandName: "schema-check",
        abstract: "Checks a contract and the SQL behind it.",
        discussion: "Exit status: 0 nothing found, 1 something is wrong, 2 the check could not run.",
        version: version,
        subcommands: [
            Lint.self, Validate.self, Examples.self, Diff.self, Traffic.self, BundleCommand.self, Queries.self, Serve.self, YAMLToJSON.self,
        ]
    )
}
