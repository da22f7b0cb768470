import Foundation

/// One connection of `openssl s_client`, a TLS implementation other than the server's.
final class TLSClient {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private let errors = Pipe()
    private var received = ""

    /// Connects to a port on this machine.
    init(port: Int, _ options: [String] = []) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl", "s_client", "-quiet", "-connect", "127.0.0.1:\(port)"] + options
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        try process.run()
    }

    /// Sends a request and reads the start of the response; nil if the connection ends first.
    func get(_ path: String) throws -> String? {
        received = ""
        try input.fileHandleForWriting.write(
            contentsOf: Data("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
        )
        while !received.contains("\r\n\r\n") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { return nil }
            received += String(decoding: data, as: UTF8.self)
        }
        return received
    }

    /// Ends the connection and returns the client's report on the handshake.
    func end() throws -> String {
        try input.fileHandleForWriting.close()
        // The client inherits the signals that this thread blocks, which may include SIGTERM.
        kill(process.processIdentifier, SIGKILL)
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }

    /// Sends one request on a new connection. Returns the response and the client's report on the handshake.
    static func exchange(
        port: Int,
        _ method: String,
        _ path: String,
        headers: [String: String] = [:],
        body: String = "",
        options: [String] = []
    ) async throws -> (answer: String, handshake: String) {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        text += "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let run = try await Program.run(
            "openssl",
            ["s_client", "-quiet", "-connect", "127.0.0.1:\(port)"] + options,
            input: text
        )
        return (run.output, run.errors)
    }

    /// The name in the certificate for a new connection.
    static func certificateName(port: Int) async throws -> String? {
        let handshake = try await exchange(port: port, "GET", "/healthz").handshake
        return handshake.firstMatch(of: /depth=0 CN = (\S+)/).map { String($0.1) }
    }
}
