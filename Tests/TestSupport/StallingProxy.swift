import Foundation
import Synchronization

/// A TCP proxy in front of a PostgreSQL server on a Unix socket. When stalled, it accepts connections and bytes, but forwards nothing.
public final class StallingProxy: Sendable {
    /// The port on 127.0.0.1.
    public let port: Int
    private let listener: Int32
    private let stalled = Mutex(false)

    /// Whether the proxy is stalled.
    public var isStalled: Bool {
        get { stalled.withLock { $0 } }
        set { stalled.withLock { $0 = newValue } }
    }

    /// Runs `body` with a proxy and the connection string that leads through it.
    ///
    /// - Parameter url: A connection string whose `host` is the directory of a Unix socket.
    public static func with<R>(
        databaseURL url: String,
        _ body: (_ proxy: StallingProxy, _ url: String) async throws -> R
    ) async throws -> R {
        guard let host = url.firstMatch(of: /host='?([^' ]+)'?/) else { throw CocoaError(.featureUnsupported) }
        let proxy = try StallingProxy(to: "\(host.1)/.s.PGSQL.5432")
        defer { proxy.close() }
        let through = url.replacingCharacters(in: host.range, with: "host=127.0.0.1 port=\(proxy.port)")
        return try await body(proxy, through)
    }

    private init(to path: String) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard status else { throw CocoaError(.featureUnsupported) }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in
            while case let client = accept(listener, nil, nil), client >= 0 {
                guard let server = Self.connect(to: path) else {
                    Glibc.close(client)
                    continue
                }
                Thread.detachNewThread { [self] in forward(from: client, to: server) }
                Thread.detachNewThread { [self] in forward(from: server, to: client) }
            }
        }
    }

    private func close() {
        isStalled = false
        shutdown(listener, Int32(SHUT_RDWR))
        Glibc.close(listener)
    }

    private static func connect(to path: String) -> Int32? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8).prefix($0.count - 1)) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return status == 0 ? descriptor : nil
    }

    private func forward(from source: Int32, to target: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = recv(source, &buffer, buffer.count, 0), count > 0 {
            while isStalled { Thread.sleep(forTimeInterval: 0.01) }
            guard Foundation.send(target, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
        }
        // The descriptors are never closed, so that no number is reused while the other direction is running; the test process ends soon.
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(target, Int32(SHUT_RDWR))
    }
}
