import Foundation

/// An HTTP/1.1 client on a blocking socket, which lets tests send exact bytes, including invalid ones.
public struct RawHTTP: Sendable {
    /// The port of the server.
    public let port: Int
    /// Records complete exchanges for `schema-check traffic`.
    private let recorder: TrafficRecorder?

    /// A client of the server at this port of 127.0.0.1.
    ///
    /// - Parameter isRecorded: Whether the server implements this project's contract, so that its responses can be validated.
    public init(port: Int, isRecorded: Bool = false) {
        self.port = port
        recorder = isRecorded ? TrafficRecorder.shared : nil
    }

    /// A response.
    public struct Response: Sendable {
        /// The status.
        public let status: Int
        /// The header fields, with names in lower case.
        public let headers: [String: String]
        /// The body.
        public let body: String

        /// The body as JSON.
        public func json() throws -> [String: Any] {
            let value = try JSONSerialization.jsonObject(with: Data(body.utf8))
            return value as? [String: Any] ?? [:]
        }
    }

    /// Sends one request on a new connection.
    ///
    /// - Parameter received: Called with everything received so far, whenever more has arrived.
    public func send(
        _ method: String,
        _ path: String,
        headers: [String: String] = [:],
        body: String? = nil,
        received: @escaping @Sendable ([UInt8]) -> Void = { _ in }
    ) async throws -> Response {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
        return try await send(bytes: Array((text + "\r\n" + (body ?? "")).utf8), received: received)
    }

    /// Sends raw bytes and reads until the server closes the connection.
    ///
    /// - Parameter received: Called with everything received so far, whenever more has arrived.
    public func send(
        bytes: [UInt8],
        received: @escaping @Sendable ([UInt8]) -> Void = { _ in }
    ) async throws -> Response {
        let port = port
        let answer: [UInt8] = try await withCheckedThrowingContinuation { continuation in
            // Blocking calls must not use the threads of Swift's tasks.
            Thread.detachNewThread {
                continuation.resume(with: Result { try Self.exchange(bytes, port: port, received) })
            }
        }
        let response = try Self.parse(answer)
        recorder?.record(request: bytes, response: response)
        return response
    }

    /// No complete response arrived.
    public struct NoResponse: Error {
        /// The bytes that arrived instead.
        public let received: String
    }

    private static func exchange(
        _ bytes: [UInt8],
        port: Int,
        _ received: ([UInt8]) -> Void
    ) throws -> [UInt8] {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw NoResponse(received: "connect: \(String(cString: strerror(errno)))") }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            // A server that rejects a request early closes its side; its response can still be read.
            if count <= 0 { break }
            rest = rest.dropFirst(count)
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            if count < 0, answer.isEmpty { throw NoResponse(received: "recv: \(String(cString: strerror(errno)))") }
            if count <= 0 { return answer }
            answer += buffer.prefix(count)
            received(answer)
        }
    }

    static func parse(_ bytes: [UInt8]) throws -> Response {
        let text = String(decoding: bytes, as: UTF8.self)
        let parts = text.components(separatedBy: "\r\n\r\n")
        let lines = parts[0].components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard parts.count > 1, words.count > 1, let status = Int(words[1]) else { throw NoResponse(received: text) }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let field = line.split(separator: ":", maxSplits: 1)
            if field.count == 2 { headers[field[0].lowercased()] = field[1].trimmingCharacters(in: .whitespaces) }
        }
        return Response(status: status, headers: headers, body: parts.dropFirst().joined(separator: "\r\n\r\n"))
    }
}
