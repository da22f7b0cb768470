import Foundation
import Subprocess
import SystemPackage
import Testing

/// A package that depends on this one by path and generates code from its own contract.
@Suite struct ExamplePackageTests {
    private static let package = TemporaryProject.package.appending(path: "Tests/ExamplePackage").path
    private static let scratch = TemporaryProject.package.appending(path: ".build/example").path

    @Test func `another package resolves no package but this one`() async throws {
        let resolved = try await Self.swift("package", "show-dependencies", "--format", "json")
        try #require(resolved.status == 0, "\(resolved.output)")
        // Whatever precedes the JSON text is SwiftPM's progress.
        let text = resolved.output[(resolved.output.firstIndex(of: "{") ?? resolved.output.startIndex)...]
        let tree = try JSONDecoder().decode(Dependency.self, from: Data(text.utf8))
        #expect(tree == Dependency(name: "greeter", dependencies: [Dependency(name: "flotilla", dependencies: [])]))
    }

    private struct Dependency: Codable, Equatable {
        let name: String
        let dependencies: [Dependency]
    }

    @Test(.timeLimit(.minutes(15)))
    func `another package generates from its own contract, on a machine with no library but libyaml`() async throws {
        let libraries = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: libraries, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: libraries) }
        let folder = try await Self.run("pkg-config", ["--variable=pcfiledir", "yaml-0.1"]).output
        try FileManager.default.createSymbolicLink(
            at: libraries.appending(path: "yaml-0.1.pc"),
            withDestinationURL: URL(filePath: folder.trimmingCharacters(in: .newlines)).appending(path: "yaml-0.1.pc")
        )
        let build = try await Self.swift("build", "--quiet", environment: ["PKG_CONFIG_LIBDIR": libraries.path])
        try #require(build.status == 0, "\(build.output)")
        #expect(try await Self.greet("/greetings/Ada") == "{\"text\":\"Hello, Ada.\"}\n")
        #expect(try await Self.greet("/greetings/Ada", "style=warm") == "{\"text\":\"My dear Ada!\"}\n")
        #expect(
            try await Self.greet("/greetings/\(String(repeating: "a", count: 21))", "style=cold") == """
                /path/name maxLength: length 21, expected at most 20
                /query/style enum: "cold", expected one of plain, warm

                """
        )
    }

    private static func greet(_ arguments: String...) async throws -> String {
        try await run("\(scratch)/debug/Greeter", arguments).output
    }

    /// Runs a command of `swift` for the example package.
    private static func swift(
        _ command: String,
        _ arguments: String...,
        environment: [Environment.Key: String] = [:]
    ) async throws -> TemporaryProject.Run {
        let paths = ["--package-path", package, "--scratch-path", scratch]
        return try await run("swift", [command] + paths + arguments, environment: environment)
    }

    private static func run(
        _ tool: String,
        _ arguments: [String],
        environment: [Environment.Key: String] = [:]
    ) async throws -> TemporaryProject.Run {
        let result = try await Subprocess.run(
            tool.hasPrefix("/") ? .path(FilePath(tool)) : .name(tool),
            arguments: Arguments(arguments),
            environment: .inherit.updating(environment),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        let status: Int32? = if case .exited(let code) = result.terminationStatus { code } else { nil }
        return .init(output: result.standardOutput + result.standardError, status: status)
    }
}
