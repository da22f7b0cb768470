import ArgumentParser
import ContractCompiler
import Foundation

struct BundleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle",
        abstract: "Writes a contract as one self-contained document.",
        discussion:
            "Schemas from other files become components. Any other reference to another file is replaced by its target."
    )

    @Argument(help: "The OpenAPI document.")
    var document = "openapi/openapi.yaml"

    @Option(help: "The folder that references must not leave (default: the parent of the document's folder).")
    var root: String?

    @Option(
        name: .shortAndLong,
        help:
            "The file to write: JSON if its name ends in .json, otherwise YAML. Without it, YAML goes to standard output."
    )
    var output: String?

    @Flag(help: "Writes JSON.")
    var json = false

    func run() throws {
        guard SourceFile(reading: document) != nil else { couldNotRun("'\(document)' cannot be read") }
        let (text, log) = LargeStack.value { self.written() }
        guard let text, !log.hasErrors else {
            FileHandle.standardError.write(Data(PlainText.codeframe(log.sorted.map { Finding($0) }).utf8))
            throw ExitCode(1)
        }
        let data = Data((text.hasSuffix("\n") ? text : text + "\n").utf8)
        if let output {
            try data.write(to: URL(fileURLWithPath: output))
        } else {
            FileHandle.standardOutput.write(data)
        }
    }

    private func written() -> (String?, DiagnosticLog) {
        let files = ContractFiles(document: document, folder: root)
        var log = DiagnosticLog(isStrict: false)
        let bundle = Bundler.bundle(files.root, registry: Registry(open: files.open), log: &log)
        let isJSON = json || output?.hasSuffix(".json") == true
        return (bundle.map(isJSON ? NodeWriter.json : NodeWriter.yaml), log)
    }
}
