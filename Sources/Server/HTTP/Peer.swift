import NIOCore

/// The other end of a connection.
struct Peer {
    var requestGuard: RequestGuard
    var client: Client
    /// The address of the other end, if it is a trusted proxy.
    let proxy: String?
    /// Whether the connection is beyond the limits: only operators are served.
    let isSurplus: Bool

    init(at address: SocketAddress?, proxies: TrustedProxies, requestGuard: RequestGuard, isSurplus: Bool) {
        let address = address?.ipAddress ?? ""
        client = Client(address: address, isSecure: false)
        proxy = proxies.contains(address) ? address : nil
        self.requestGuard = requestGuard
        self.isSurplus = isSurplus
    }
}

/// The client of a request, as far as the connection and trusted proxies identify it.
struct Client: Sendable {
    /// The IP address.
    var address: String
    /// Whether it uses TLS, to this server or to a proxy in front of it.
    var isSecure: Bool
}
