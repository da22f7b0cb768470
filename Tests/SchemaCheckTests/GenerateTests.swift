import Foundation
import Subprocess
import SystemPackage
import Testing

/// `contract-gen generate` and `explain`, on documents with unusual content that exists in practice.
@Suite struct GenerateTests {
    private static let document = TemporaryProject.package.appending(
        path: "Tests/SchemaCheckTests/Documents/awkward.yaml"
    ).path
    private static let tools = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        .deletingLastPathComponent()

    @Test(.timeLimit(.minutes(5)))
    func `an awkward document becomes Swift that compiles without warnings`() async throws {
        try await TemporaryProject.with([]) { project in
            let generated = try await project.run(
                "contract-gen",
                "generate",
                Self.document,
                "--output",
                "swift",
                "--examples",
                "--quiet"
            )
            #expect(generated.status == 0, "\(generated.output)")
            let folder = project.folder.appending(path: "swift")
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(files.contains("Routes.swift"))
            let options = [
                "-typecheck", "-swift-version", "6", "-enable-upcoming-feature", "ExistentialAny",
                "-enable-upcoming-feature", "MemberImportVisibility", "-enable-upcoming-feature",
                "InternalImportsByDefault", "-I", Self.tools.appending(path: "Modules").path, "-module-name", "Awkward",
            ]
            let compiled = try await Self.run("swiftc", options + files, in: folder)
            #expect(compiled.output == "")
            #expect(compiled.status == 0)
        }
    }

    @Test func `guesses are warnings, and errors in strict mode`() async throws {
        try await TemporaryProject.with([]) { project in
            let tolerant = try await project.run("contract-gen", "generate", Self.document, "--output", "swift")
            #expect(tolerant.status == 0)
            #expect(tolerant.output.contains("warning: two operations are named 'dup' [duplicate-name]"))
            let strict = try await project.run(
                "contract-gen",
                "generate",
                Self.document,
                "--output",
                "strict",
                "--strict"
            )
            #expect(strict.status == 1)
            #expect(strict.output.contains("error: two operations are named 'dup' [duplicate-name]"))
            #expect(!FileManager.default.fileExists(atPath: project.folder.appending(path: "strict").path))
        }
    }

    @Test func `the use of every keyword and field is explained`() async throws {
        try await TemporaryProject.with(["openapi", "jsonschema"]) { project in
            let own = try await project.run("contract-gen", "explain", "openapi/openapi.yaml", "--root", ".")
            #expect(own.status == 0)
            #expect(own.output.contains("openapi/openapi.yaml:1:10: typed: openapi (/openapi)\n"))
            #expect(own.output.contains(" keywords and fields, 0 of them unread\n"))
            let awkward = try await project.run("contract-gen", "explain", Self.document, "--quiet")
            #expect(awkward.output.contains(" keywords and fields, 0 of them unread\n"))
        }
    }

    @Test func `files outside of the contract's folder are read only if allowed`() async throws {
        try await TemporaryProject.with(["openapi", "jsonschema"]) { project in
            let refused = try await project.run(
                "contract-gen",
                "generate",
                "openapi/openapi.yaml",
                "--output",
                "swift"
            )
            #expect(refused.status == 1)
            #expect(refused.output.contains("is not a file of this contract [unresolved-reference]"))
            let allowed = try await project.run(
                "contract-gen",
                "generate",
                "openapi/openapi.yaml",
                "--root",
                ".",
                "--output",
                "swift"
            )
            #expect(allowed.status == 0, "\(allowed.output)")
        }
    }

    @Test(arguments: [
        (["generate"], "expected one document, found 0"), (["generate", "a", "b"], "expected one document, found 2"),
        (["generate", "nowhere.yaml", "--output", "x"], "'nowhere.yaml' cannot be read"),
        (["generate", "a.yaml", "--ouptut", "x"], "unknown option '--ouptut'"),
        (["explain"], "expected one document, found 0"),
    ])
    func `invalid arguments are explained`(arguments: [String], message: String) async throws {
        let run = try await Self.run(Self.tools.appending(path: "contract-gen").path, arguments, in: Self.tools)
        #expect(run.output.contains(message))
        #expect(run.status == 2)
    }

    private static func run(_ tool: String, _ arguments: [String], in folder: URL) async throws -> TemporaryProject.Run
    {
        let result = try await Subprocess.run(
            tool.hasPrefix("/") ? .path(FilePath(tool)) : .name(tool),
            arguments: Arguments(arguments),
            workingDirectory: FilePath(folder.path),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        let status: Int32? = if case .exited(let code) = result.terminationStatus { code } else { nil }
        return .init(output: result.standardOutput + result.standardError, status: status)
    }
}
