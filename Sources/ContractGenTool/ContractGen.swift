import ContractCompiler
import Foundation

/// `contract-gen`: the contract's compiler, as the build plugin runs it.
@main
enum ContractGen {
    static let usage = """
        contract-gen reads a contract and writes Swift.

        USAGE: contract-gen generate DOCUMENT --output DIR [--module NAME] [--examples] [--python FILE]
               contract-gen explain DOCUMENT
               contract-gen build [--root DOCUMENT --routes FILE --document FILE] [INPUT OUTPUT]...

        generate writes the Swift of any OpenAPI document 3.0, 3.1 or 3.2:
          --output DIR      where the files go
          --module NAME     the module that they will be part of
          --examples        the document's examples too, ready to be read and written
          --python FILE     data classes and a client in Python
          --root DIR        the folder that references may reach; the document's own by default
          --strict          unknown fields and names that are one in Swift are errors, as they are in a build
          --quiet           no warnings

        explain prints what becomes of every keyword and field of the document: typed, validated, annotation or error.

        build is what the build plugin runs:
          --root DOCUMENT   the OpenAPI document of the contract
          --routes FILE     where the protocols, the router and the dispatch go
          --document FILE   where the contract itself goes
          INPUT OUTPUT      a file of the contract, or an .sql file, and where its Swift goes

        A file is written only when its content changes. Mistakes in the contract are printed as
        FILE:LINE:COLUMN: error: MESSAGE, all of them.

        Exit status: 0 written, 1 the contract has mistakes, 2 the call or a file is at fault.

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
        DeepStack.value { Result { try run(arguments) } }
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
