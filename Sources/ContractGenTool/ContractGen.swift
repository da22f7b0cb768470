import ContractCompiler
import Foundation

/// `contract-gen`: the contract compiler as a command, used by the build plugin.
@main
enum ContractGen {
    static let usage = """
        contract-gen generates Swift from a contract.

        USAGE: contract-gen generate DOCUMENT --output DIR [--module NAME] [--examples] [--python FILE]
               contract-gen explain DOCUMENT
               contract-gen build [--root DOCUMENT --routes FILE --document FILE] [INPUT OUTPUT]...

        generate writes Swift for any OpenAPI 3.0, 3.1 or 3.2 document:
          --output DIR      the folder for the files
          --module NAME     the module of the files
          --examples        also write the document's examples as values
          --python FILE     also write data classes and a client in Python
          --root DIR        the folder that references must not leave (default: the document's folder)
          --strict          unknown fields and equal Swift names are errors, as in a build
          --quiet           hide warnings

        explain prints how each keyword and field of the document is used: typed, validated, annotation or error.

        build is for the build plugin:
          --root DOCUMENT   the OpenAPI document of the contract
          --routes FILE     the output for the protocols, the router and the dispatch
          --document FILE   the output for the contract itself
          INPUT OUTPUT      a file of the contract or an .sql file, and the output for its Swift

        A file is written only if its content changes. All errors in the contract are printed, as
        FILE:LINE:COLUMN: error: MESSAGE.

        Exit status: 0 files written, 1 the contract has errors, 2 the arguments are invalid or a file cannot be read or written.

        """

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case "--help", "-h":
            print(usage, terminator: "")
        case "--version":
            print("contract-gen 0.1.0")
        case "build", "generate", "explain":
            switch outcome(of: arguments) {
            case .success(let isWritten): exit(isWritten ? 0 : 1)
            case .failure(let error): fail("\(error)")
            }
        default:
            fail(
                "expected 'build', 'generate' or 'explain', found \(arguments.first.map { "'\($0)'" } ?? "nothing")\n\n\(usage)"
            )
        }
    }

    private static func outcome(of arguments: [String]) -> Result<Bool, any Error> {
        LargeStack.value { Result { try run(arguments) } }
    }

    private static func run(_ arguments: [String]) throws -> Bool {
        if arguments.first == "build" {
            var build = try Build(arguments.dropFirst())
            return try build.run()
        }
        var generate = try Generate(arguments.dropFirst())
        return arguments.first == "explain" ? try generate.explain() : try generate.generate()
    }

    private static func fail(_ message: String) -> Never {
        FileHandle.standardError.write(Data("contract-gen: \(message)\n".utf8))
        exit(2)
    }
}
