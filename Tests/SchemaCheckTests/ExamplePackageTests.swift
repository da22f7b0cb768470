import Foundation
import Subprocess
import SystemPackage
import Testing

/// A package that depends on this one by path and generates code from its own contract.
@Suite struct ExamplePackageTests {
    @Test(.timeLimit(.minutes(15)))
    func `another package generates from its own contract`() async throws {
        let package = TemporaryProject.package.appending(path: "Tests/ExamplePackage").path
        let scratch = TemporaryProject.package.appending(path: ".build/example").path
        let build = try await Self.run(
            "swift",
            "build",
            "--package-path",
            package,
            "--scratch-path",
            scratch,
            "--quiet"
        )
        try #require(build.status == 0, "\(build.output)")
        let program = "\(scratch)/debug/Greeter"
        #expect(try await Self.run(program, "/greetings/Ada").output == "{\"text\":\"Hello, Ada.\"}\n")
        #expect(try await Self.run(program, "/greetings/Ada", "style=warm").output == "{\"text\":\"My dear Ada!\"}\n")
        #expect(
            try await Self.run(program, "/greetings/\(String(repeating: "a", count: 21))", "style=cold").output == """
                /path/name maxLength: length 21, expected at most 20
                /query/style enum: "cold", expected one of plain, warm

                """
        )
    }

    private static func run(_ tool: String, _ arguments: String...) async throws -> TemporaryProject.Run {
        let result = try await Subprocess.run(
            tool.hasPrefix("/") ? .path(FilePath(tool)) : .name(tool),
            arguments: Arguments(arguments),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        let status: Int32? = if case .exited(let code) = result.terminationStatus { code } else { nil }
        return .init(output: result.standardOutput + result.standardError, status: status)
    }
}
