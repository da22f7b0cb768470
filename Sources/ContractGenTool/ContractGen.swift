import ContractCompiler
import Foundation

/// `contract-gen`: the contract's compiler, as the build plugin runs it.
@main
enum ContractGen {
    static let usage = """
        contract-gen reads a contract and writes Swift.

        USAGE: contract-gen build [--root DOCUMENT --routes FILE --document FILE] [INPUT OUTPUT]...

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
        case "build":
            do {
                var build = try Build(arguments.dropFirst())
                exit(try build.run() ? 0 : 1)
            } catch {
                fail("\(error)")
            }
        default: fail("expected 'build', found \(arguments.first.map { "'\($0)'" } ?? "nothing")\n\n\(usage)")
        }
    }

    private static func fail(_ message: String) -> Never {
        FileHandle.standardError.write(Data("contract-gen: \(message)\n".utf8))
        exit(2)
    }
}
