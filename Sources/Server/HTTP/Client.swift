/// Whom a request comes from, as far as the connection and the proxies before it tell.
struct Client: Sendable {
    /// The IP address.
    var address: String
    /// Whether it speaks TLS, with us or with a proxy before us.
    var isSecure: Bool
}
