import Foundation

/// One HTTP/1.1 connection on a blocking socket, for tests that send several requests on it.
///
/// Not `Sendable`: it belongs to the thread that created it.
public final class KeepAliveHTTP {
    private let descriptor: Int32
    private var received: [UInt8] = []

    /// The server refused the connection, or closed it.
    public enum Failure: Error, Equatable {
        /// The port is closed.
        case refused
        /// The connection ended before the response was complete, after this number of bytes.
        case lost(bytes: Int)
    }

    /// Connects to a port on this machine.
    ///
    /// - Parameters:
    /// - patience: The response timeout in seconds.
    /// - receiveBuffer: The size of the socket's receive buffer, for clients that do not read.
    public init(port: Int, address: UInt32 = 0x7F00_0001, patience: Int = 30, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: patience, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = in_port_t(UInt16(port).bigEndian)
        target.sin_addr.s_addr = address.bigEndian
        let status = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Failure.refused }
    }

    deinit { close(descriptor) }

    /// Sends raw bytes. Returns how many the socket accepted, which is fewer if the server does not read.
    @discardableResult
    public func send(_ bytes: [UInt8], flags: Int32 = 0) -> Int {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | flags)
            }
            if count <= 0 { break }
            sent += count
        }
        return sent
    }

    /// Sends a request and waits for the response.
    public func request(
        _ method: String,
        _ path: String,
        headers: [String: String] = [:],
        body: String? = nil
    ) throws -> RawHTTP.Response {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if let body { text += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n" }
        send(Array((text + "\r\n" + (body ?? "")).utf8))
        return try receive()
    }

    /// Waits for the next response, whose body must have a `Content-Length`.
    public func receive() throws -> RawHTTP.Response {
        while true {
            if let end = received.firstRange(of: Array("\r\n\r\n".utf8)) {
                let head = try RawHTTP.parse(Array(received[..<end.upperBound]))
                let total = end.upperBound + (head.headers["content-length"].flatMap { Int($0) } ?? 0)
                if received.count >= total {
                    defer { received.removeFirst(total) }
                    return try RawHTTP.parse(Array(received[..<total]))
                }
            }
            guard receiveSome() else { throw Failure.lost(bytes: received.count) }
        }
    }

    /// Reads until the server closes the connection. Returns false on a timeout.
    public func waitForEnd() -> Bool {
        while receiveSome() {}
        return errno != EAGAIN
    }

    private func receiveSome() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        errno = 0
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 { received += buffer.prefix(count) }
        return count > 0
    }
}
