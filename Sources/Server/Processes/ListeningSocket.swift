import NIOCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A listening TCP socket.
///
/// Several processes can share it. While none of them accepts, connections wait in the kernel's backlog.
struct ListeningSocket: Sendable {
    /// A fleet that returns at once fits; `net.core.somaxconn`, 4,096 on most machines, is the limit.
    private static let backlog: CInt = 16_384

    let descriptor: CInt
    /// The configured host, which may be a name.
    let host: String
    /// The numeric address, with the actual port if port 0 was requested.
    let address: ListenAddress

    /// How long a start waits for an address that is in use: the sockets of a process that was just killed are closed as it ends.
    private static let patience = Duration.seconds(3)

    /// Binds an address and listens on it.
    init(at address: ListenAddress) throws {
        let resolved = try SocketAddress.makeAddressResolvingHost(address.host, port: address.port)
        #if canImport(Glibc)
        let type = CInt(SOCK_STREAM.rawValue)
        #else
        let type = SOCK_STREAM
        #endif
        let descriptor = socket(resolved.protocol.rawValue, type, 0)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        do {
            try Self.check(fcntl(descriptor, F_SETFD, FD_CLOEXEC), "fcntl")
            var one: CInt = 1
            let size = socklen_t(MemoryLayout<CInt>.size)
            try Self.check(setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, size), "setsockopt")
            let end = ContinuousClock.now + Self.patience
            while resolved.withSockAddr({ bind(descriptor, $0, socklen_t($1)) }) != 0 {
                let code = errno
                guard code == EADDRINUSE, ContinuousClock.now < end else {
                    throw IOError(errnoCode: code, reason: "bind")
                }
                usleep(50_000)
            }
            try Self.check(listen(descriptor, Self.backlog), "listen")
            try self.init(inherited: descriptor, host: address.host)
        } catch {
            Self.close(descriptor)
            throw error
        }
    }

    /// Takes over an inherited socket that already listens.
    ///
    /// - Parameter host: The configured host.
    init(inherited descriptor: CInt, host: String) throws {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var port = [CChar](repeating: 0, count: 8)
        try withUnsafeMutablePointer(to: &storage) { storage in
            try storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                try Self.check(getsockname(descriptor, address, &length), "getsockname")
                let flags = NI_NUMERICHOST | NI_NUMERICSERV
                let (nameSize, portSize) = (socklen_t(name.count), socklen_t(port.count))
                let status = getnameinfo(address, length, &name, nameSize, &port, portSize, flags)
                guard status == 0 else { throw IOError(errnoCode: EINVAL, reason: "getnameinfo") }
            }
        }
        self.descriptor = descriptor
        self.host = host
        address = ListenAddress(host: Self.text(name), port: Int(Self.text(port)) ?? 0)
    }

    /// Closes this process's copy of the socket.
    func close() { Self.close(descriptor) }

    private static func close(_ descriptor: CInt) {
        #if canImport(Glibc)
        _ = Glibc.close(descriptor)
        #else
        _ = Darwin.close(descriptor)
        #endif
    }

    private static func text(_ buffer: [CChar]) -> String {
        String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func check(_ status: CInt, _ call: String) throws {
        guard status >= 0 else { throw IOError(errnoCode: errno, reason: call) }
    }
}
