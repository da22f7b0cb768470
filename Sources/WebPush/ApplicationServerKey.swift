package import ContractRuntime
import Digests

/// The key by which push services recognize this deployment (RFC 8292, "VAPID"). Subscriptions of browsers are bound to it.
public struct ApplicationServerKey: Sendable {
    private let key: P256PrivateKey

    /// Reads the private key; nil for any other text.
    ///
    /// - Parameter hexadecimal: 64 hexadecimal digits of a number from 1 to the order of the curve P-256, without it.
    public init?(hexadecimal: String) {
        let digits = hexadecimal.utf8.compactMap(\.hexadecimalDigit)
        guard digits.count == 64, hexadecimal.utf8.count == 64 else { return nil }
        let scalar = stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        guard let key = P256PrivateKey(scalar: scalar) else { return nil }
        self.key = key
    }

    /// The public key in URL-safe Base64: `applicationServerKey` of the W3C Push API.
    public var publicKey: String { Base64URL.encode(key.publicKey) }

    /// The value of `Authorization` for a request to a push service (RFC 8292, section 3); nil only without memory.
    ///
    /// - Parameters:
    ///   - origin: The scheme and authority of the subscription's URL.
    ///   - contact: A `mailto:` or `https:` URL of the operators; nil for none.
    ///   - expiry: The end of the authorization, at most 24 hours from now.
    package func authorization(for origin: String, contact: String?, until expiry: Timestamp) -> String? {
        let header = JSONObject { json in
            json.member("typ", "JWT")
            json.member("alg", "ES256")
        }
        let claims = JSONObject { json in
            json.member("aud", origin)
            json.member("exp", Int(expiry.microsecondsSinceEpoch / 1_000_000))
            if let contact { json.member("sub", contact) }
        }
        let text = "\(Base64URL.encode(header.bytes)).\(Base64URL.encode(claims.bytes))"
        guard let signature = key.signature(of: Array(text.utf8)) else { return nil }
        return "vapid t=\(text).\(Base64URL.encode(signature)), k=\(publicKey)"
    }
}
