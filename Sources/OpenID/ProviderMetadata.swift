import ContractRuntime

/// A provider's endpoints (OpenID Connect Discovery 1.0, section 3).
struct ProviderMetadata: Sendable {
    let authorizationEndpoint: String
    let tokenEndpoint: String
    let keysURL: String
    let userinfoEndpoint: String?
    let endSessionEndpoint: String?
    /// Whether the token endpoint reads the client's secret from the field `Authorization` instead of the form.
    let usesBasicAuthentication: Bool

    /// Reads the metadata of an issuer.
    init(_ json: JSONValue, issuer: ProviderURL) throws(OpenIDError) {
        guard case .string(let stated)? = json["issuer"], stated.hasSameScalars(as: issuer.text) else {
            throw .unavailable("the provider's metadata has another issuer than OIDC_ISSUER")
        }
        func url(_ name: String) -> String? {
            guard case .string(let text)? = json[name], let url = ProviderURL(text) else { return nil }
            // Only a provider on this machine may have endpoints without TLS.
            return url.isSecure || !issuer.isSecure ? text : nil
        }
        guard let authorization = url("authorization_endpoint"), let token = url("token_endpoint"),
            let keys = url("jwks_uri")
        else { throw .unavailable("the provider's metadata has no usable endpoints") }
        authorizationEndpoint = authorization
        tokenEndpoint = token
        keysURL = keys
        userinfoEndpoint = url("userinfo_endpoint")
        endSessionEndpoint = url("end_session_endpoint")
        if case .array(let methods)? = json["token_endpoint_auth_methods_supported"] {
            usesBasicAuthentication =
                methods.contains(.string("client_secret_basic")) || !methods.contains(.string("client_secret_post"))
        } else {
            usesBasicAuthentication = true
        }
    }
}

/// The URL of an issuer or an endpoint: over TLS, or on this machine.
package struct ProviderURL: Sendable {
    package let text: String
    let isSecure: Bool
    /// The host with its port.
    package let authority: String

    /// Nil unless the text is an absolute `https` URL, or an `http` URL of this machine, of printable ASCII without a user and a fragment.
    package init?(_ text: String) {
        isSecure = text.utf8.starts(with: "https://".utf8)
        let scheme = isSecure ? "https://" : "http://"
        guard text.utf8.starts(with: scheme.utf8), text.utf8.count <= 2_048,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: "\\") })
        else { return nil }
        let rest = text.utf8.dropFirst(scheme.utf8.count)
        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        guard !authority.isEmpty, !authority.contains(UInt8(ascii: "@")) else { return nil }
        self.authority = String(decoding: authority, as: UTF8.self)
        self.text = text
        if isSecure { return }
        let hosts = ["127.0.0.1", "localhost", "[::1]"]
        guard
            hosts.contains(where: { host in
                authority.elementsEqual(host.utf8) || authority.starts(with: "\(host):".utf8)
            })
        else { return nil }
    }
}
