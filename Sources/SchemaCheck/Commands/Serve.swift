import ArgumentParser
import ContractCompiler
import Foundation

struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answers validation requests on standard input, one JSON text per line.",
        discussion: """
            A request has a 'schema' and 'instances', and may have a 'registry' of schemas by URI, a 'dialect' and 'assert_format'. The response \
            is one line, {"results": [{"valid": true}, …]} or {"error": "…"}, written before the next request is read. Nothing is fetched.
            """
    )

    func run() throws {
        LargeStack.value {
            var rest: [UInt8] = []
            while case let chunk = FileHandle.standardInput.availableData, !chunk.isEmpty {
                rest += chunk
                guard chunk.contains(UInt8(ascii: "\n")) else { continue }
                let lines = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                for line in lines.dropLast() { Self.respond(Array(line)) }
                rest = Array(lines.last ?? [])
            }
            if !rest.isEmpty { Self.respond(rest) }
        }
    }

    private static func respond(_ line: [UInt8]) {
        FileHandle.standardOutput.write(Data((ValidationRequest.response(to: line) + "\n").utf8))
    }
}
