import Foundation

/// Appends the exchanges of the server tests to the file in `TRAFFIC_FILE`; `./flotilla test` validates them against the contract.
final class TrafficRecorder: Sendable {
    /// The recorder of this run; nil if nothing is recorded.
    static let shared = ProcessInfo.processInfo.environment["TRAFFIC_FILE"].map(TrafficRecorder.init)

    private let path: String

    private init(path: String) {
        self.path = path
    }

    /// Appends one line, unless the bytes are not a complete request.
    func record(request bytes: [UInt8], response: RawHTTP.Response) {
        guard let text = String(validating: bytes, as: UTF8.self), let end = text.range(of: "\r\n\r\n") else { return }
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[1].hasPrefix("/"), words[2] == "HTTP/1.1" else { return }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let field = line.split(separator: ":", maxSplits: 1)
            guard field.count == 2 else { return }
            headers[field[0].lowercased()] = field[1].trimmingCharacters(in: .whitespaces)
        }
        let body = String(text[end.upperBound...])
        guard headers["content-length"].map({ $0 == "\(body.utf8.count)" }) ?? body.isEmpty else { return }
        let exchange: [String: Any] = [
            "request": ["method": String(words[0]), "path": String(words[1]), "headers": headers, "body": body],
            "response": ["status": response.status, "headers": response.headers, "body": response.body],
        ]
        guard var line = try? JSONSerialization.data(withJSONObject: exchange) else { return }
        line.append(UInt8(ascii: "\n"))
        // A single write at the end of the file keeps the lines of other threads intact (open(2), O_APPEND).
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        defer { close(descriptor) }
        _ = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }
}
