import ArgumentParser
import ContractCompiler
import Foundation

struct YAMLToJSON: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "yaml2json",
        abstract: "Writes a YAML document as JSON.",
        discussion: """
            Plain scalars are read by the YAML 1.2 core schema, numbers keep their digits, aliases are expanded within a limit. What JSON \
            cannot say (.inf, .nan, keys that are collections) is an error: FILE:LINE:COLUMN: what was wrong, and exit status 1.
            """
    )

    @Argument(help: "A file with one YAML document.")
    var file: String

    func run() throws {
        guard let source = SourceFile(reading: file) else { couldNotRun("'\(file)' cannot be read") }
        do throws(ReadingError) {
            let node = try Node.readYAML(source)
            if let scalar = Self.unwritable(node) {
                throw ReadingError("'\(scalar.scalar?.text ?? "")' has no form in JSON", at: scalar.location)
            }
            print(NodeWriter.compactJSON(node))
        } catch {
            let place = "\(file):\(error.location.line):\(error.location.column)"
            FileHandle.standardError.write(Data("\(place): \(error.message)\n".utf8))
            throw ExitCode(1)
        }
    }

    /// The first number that JSON cannot write.
    private static func unwritable(_ node: Node) -> Node? {
        switch node.value {
        case .scalar(let scalar): scalar.kind == .number && node.jsonNumber == nil ? node : nil
        case .sequence(let items): items.lazy.compactMap(unwritable).first
        case .mapping(let members): members.lazy.compactMap { unwritable($0.value) }.first
        }
    }
}
