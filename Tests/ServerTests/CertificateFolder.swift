import Foundation

@testable import Server

/// A directory with a certificate and its key, created with `openssl`.
struct CertificateFolder {
    private let folder: URL

    /// The files of `TLS_CERTIFICATE` and `TLS_KEY`.
    var files: ServerConfiguration.TLSFiles {
        .init(certificate: folder.appending(path: "chain.pem").path, key: folder.appending(path: "key.pem").path)
    }

    /// The variables that name these files.
    var settings: [String: String] { ["TLS_CERTIFICATE": files.certificate, "TLS_KEY": files.key] }

    /// Runs `body` with a directory that contains a certificate with this name.
    static func with<R>(_ name: String, _ body: (CertificateFolder) async throws -> R) async throws -> R {
        let folder = CertificateFolder(
            folder: FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)")
        )
        try FileManager.default.createDirectory(at: folder.folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder.folder) }
        try await folder.replace(with: name)
        return try await body(folder)
    }

    /// Replaces the certificate and its key as renewal tools do: each file atomically, one at a time.
    ///
    /// - Parameter days: The number of days for which the certificate is valid.
    func replace(with name: String, days: Int = 30) async throws {
        try await replaceCertificate(with: name, days: days)
        try replaceKey()
    }

    /// Replaces only the certificate, without its key.
    func replaceCertificate(with name: String, days: Int = 30) async throws {
        let made = try await Program.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-subj", "/CN=\(name)", "-days", "\(days)", "-keyout", new("key.pem"), "-out", new("chain.pem"),
            ]
        )
        guard made.status == 0 else { throw Failure(description: made.errors) }
        try move("chain.pem")
    }

    /// Replaces the key with that of the newest certificate.
    func replaceKey() throws { try move("key.pem") }

    /// Writes invalid content to the certificate's file.
    func breakCertificate(_ text: String) throws {
        try text.write(toFile: files.certificate, atomically: false, encoding: .utf8)
    }

    /// The content of the certificate's file.
    func certificate() throws -> String { try String(contentsOfFile: files.certificate, encoding: .utf8) }

    private func new(_ name: String) -> String { folder.appending(path: "new-\(name)").path }

    private func move(_ name: String) throws {
        guard rename(new(name), folder.appending(path: name).path) == 0 else {
            throw Failure(description: String(cString: strerror(errno)))
        }
    }

    private struct Failure: Error { let description: String }
}

/// Runs a program to its end.
enum Program {
    /// Runs the program with this standard input.
    static func run(_ name: String, _ arguments: [String], input: String = "") async throws -> (
        status: Int32, output: String, errors: String
    ) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = stderr
        // A program that has ended does not read its input. The resulting SIGPIPE must not end this process.
        signal(SIGPIPE, SIG_IGN)
        try process.run()
        try? stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        // Close the input, for programs that read all of it.
        try stdin.fileHandleForWriting.close()
        async let output = text(of: stdout)
        async let errors = text(of: stderr)
        let texts = await (output, errors)
        process.waitUntilExit()
        return (process.terminationStatus, texts.0, texts.1)
    }

    private static func text(of pipe: Pipe) async -> String {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let data = pipe.fileHandleForReading.readDataToEndOfFile()
                continuation.resume(returning: String(decoding: data, as: UTF8.self))
            }
        }
    }
}
