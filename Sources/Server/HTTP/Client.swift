/// The client of a request, as far as the connection and trusted proxies identify it.
struct Client: Sendable {
    /// The IP address.
    var address: String
    /// Whether it uses TLS, to this server or to a proxy in front of it.
    var isSecure: Bool
}
