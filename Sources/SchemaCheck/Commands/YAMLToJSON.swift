import ArgumentParser
import ContractCompiler
import Foundation

struct YAMLToJSON: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "yaml2json",
        abstract: "Writes a YAML document as JSON.",
        discussion: """
            Plain scalars follow the YAML 1.2 core schema, numbers keep their digits, and aliases are expanded up to a limit. A value without a \
            JSON form (.inf, .nan, a collection as a key) is an error: it prints FILE:LINE:COLUMN and the reason, and exits with status 1.
            """
    )

    @Argument(help: "A file with one YAML document.")
    var file: String

    func run() throws {
        guard let source = SourceFile(reading: file) else { couldNotRun("'\(file)' cannot be read") }
        do throws(ReadingError) {
            let node = try Node.readYAML(source)
            if let scalar = Self.unwritable(node) {
                throw ReadingError("'\(scalar.scalar?.text ?? "")' has no JSON form", at: scalar.location)
            }
            print(NodeWriter.compactJSON(node))
        } catch {
            let place = "\(file):\(error.location.line):\(error.location.column)"
            FileHandle.standardError.write(Data("\(place): \(error.message)\n".utf8))
            throw ExitCode(1)
        }
    }

    /// The first number that has no JSON form.
    private static func unwritable(_ node: Node) -> Node? {
        switch node.value {
        case .scalar(let scalar): scalar.kind == .number && node.jsonNumber == nil ? node : nil
        case .sequence(let items): items.lazy.compactMap(unwritable).first
        case .mapping(let members): members.lazy.compactMap { unwritable($0.value) }.first
        }
    }
}
