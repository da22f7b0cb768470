import ContractRuntime
import Digests

/// The secret of one attempt to sign in, which stays in the browser that began it. Everything that binds the provider's response to the browser
/// is derived from it, so servers store nothing and any of them can finish the attempt.
package struct LoginAttempt: Sendable {
    /// The secret: 43 characters of URL-safe Base64.
    package let secret: String

    /// Begins an attempt.
    package init() {
        var random = SystemRandomNumberGenerator()
        secret = Base64URL.encode((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }

    /// Continues an attempt; nil if the text is not the secret of one.
    package init?(secret: String) {
        guard Base64URL.decode(secret)?.count == 32 else { return nil }
        self.secret = secret
    }

    /// The value of `state`, which the response must repeat (RFC 6749, section 10.12).
    package var state: String { derived("state") }
    /// The value of `nonce`, which the ID token must repeat.
    var nonce: String { derived("nonce") }
    /// The code verifier of PKCE (RFC 7636, section 4.1): 43 characters.
    var codeVerifier: String { derived("code verifier") }

    /// The code challenge by the method `S256` (RFC 7636, section 4.2).
    var codeChallenge: String {
        var sum = SHA256()
        sum.update(codeVerifier.utf8)
        return Base64URL.encode(sum.hash)
    }

    private func derived(_ purpose: String) -> String {
        var sum = SHA256()
        sum.update("\(purpose) of \(secret)".utf8)
        return Base64URL.encode(sum.hash)
    }
}
