import ArgumentParser

@main
struct SchemaCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema-check",
        abstract: "Checks a contract and the SQL behind it.",
        discussion: "Exit status: 0 nothing found, 1 something is wrong, 2 the check could not run.",
        version: "0.1.0",
        subcommands: [Lint.self, Queries.self, Serve.self, YAMLToJSON.self]
    )
}
