import Digests

/// The secret of a token. Only its hash is stored and compared.
public enum TokenSecret {
    /// A new secret with 256 random bits.
    ///
    /// - Parameter prefix: Says what the secret is, to people and to scanners for leaked secrets.
    static func random(prefix: String = "flt_") -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz")
        // 45 digits of a 54-character alphabet have 258 bits.
        return prefix + String((0..<45).map { _ in digits.randomElement(using: &generator) ?? "0" })
    }

    /// The SHA-256 of a secret, in hexadecimal. A secret of 256 random bits needs no salt and no slow hash.
    public static func hash(_ secret: String) -> String {
        SHA256.hexadecimal(of: secret)
    }
}
