import Foundation
import PackagePlugin

/// Runs `contract-gen` on the contract files and `.sql` files of a target before it is compiled.
///
/// Every file is declared as an input, so that a change to any of them runs the tool. A contract outside of the target is linked
/// into its folder, because SwiftPM detects new and deleted files only in the folders of targets.
@main
struct ContractGen: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        guard let target = target as? any SourceModuleTarget else { return [] }
        let directory = target.directoryURL
        // `sourceFiles` has the order of the directory, which is not stable.
        let inputs = target.sourceFiles.map(\.url)
            .filter { ["yaml", "json", "sql"].contains($0.pathExtension) }
            .sorted { $0.path < $1.path }
        guard !inputs.isEmpty else { return [] }
        let folder = context.pluginWorkDirectoryURL
        var arguments = ["build"]
        var outputs: [URL] = []
        if let root = inputs.first(where: { $0.deletingPathExtension().lastPathComponent == "openapi" }) {
            let routes = folder.appending(path: "Routes.swift")
            let document = folder.appending(path: "ContractDocument.swift")
            arguments += ["--root", root.path, "--routes", routes.path, "--document", document.path]
            outputs += [routes, document]
        }
        for input in inputs {
            let output = folder.appending(path: Self.outputName(of: input, in: directory))
            arguments += [input.path, output.path]
            // All migrations go into one file, and so does the current schema.
            if !outputs.contains(output) { outputs.append(output) }
        }
        return [
            .buildCommand(
                displayName: "ContractGen \(target.name)",
                executable: try context.tool(named: "contract-gen").url,
                arguments: arguments,
                inputFiles: inputs,
                outputFiles: outputs
            )
        ]
    }

    /// `jsonschema/bot-page.schema.json` → `BotPage.swift`, `openapi/paths/bots.yaml` → `PathsBots.swift`,
    /// `Bots/ListBots.sql` → `ListBotsQueries.swift`, `migrations/0001_fleet.sql` → `Migrations.swift`,
    /// `database/baseline.sql` → `CurrentSchema.swift`
    private static func outputName(of input: URL, in directory: URL) -> String {
        let folders = input.deletingLastPathComponent().path.dropFirst(directory.path.count).split(separator: "/")
        if folders.last == "migrations" { return "Migrations.swift" }
        if folders.first == "database" { return "CurrentSchema.swift" }
        let name = input.lastPathComponent.split(separator: ".")[0]
        if input.pathExtension == "sql" { return "\(name)Queries.swift" }
        let words = (folders.dropFirst().flatMap { $0.split(separator: "-") } + name.split { "-_".contains($0) })
        return words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined() + ".swift"
    }
}
