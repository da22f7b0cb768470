import CCrypto
import Digests

/// The keys of a browser's push subscription (W3C Push API, `PushSubscription.getKey()`).
package struct SubscriptionKeys: Sendable {
    /// The browser's public key: a point of the curve P-256, 65 bytes.
    let publicKey: [UInt8]
    /// The secret that authenticates messages: 16 bytes.
    let secret: [UInt8]

    /// Reads the keys; nil if one has the wrong size.
    ///
    /// - Parameters:
    ///   - publicKey: The key `p256dh` in URL-safe Base64.
    ///   - secret: The key `auth` in URL-safe Base64.
    package init?(publicKey: String, secret: String) {
        guard let publicKey = Base64URL.decode(publicKey), publicKey.count == 65, publicKey.first == 4,
            let secret = Base64URL.decode(secret), secret.count == 16
        else { return nil }
        self.publicKey = publicKey
        self.secret = secret
    }

    /// Whether messages can be encrypted: the public key is a point of the curve.
    package var isUsable: Bool { P256PrivateKey.random().sharedSecret(with: publicKey) != nil }
}

/// The encryption of push messages (RFC 8291), which only the browser reads: the content coding `aes128gcm` (RFC 8188) with one record.
package enum PushEncryption {
    /// The maximum size of a message in bytes: push services accept bodies of 4,096 bytes (RFC 8030, section 7.2).
    package static let mostBytes = recordSize - headerSize - tagSize - 1

    private static let recordSize = 4_096
    /// The salt, the size of a record, and the public key with its size.
    private static let headerSize = 16 + 4 + 1 + 65
    private static let tagSize = 16

    /// The request body for a message; nil if the message is too large or the subscription's key is not a point of the curve.
    package static func encrypt(_ message: [UInt8], for keys: SubscriptionKeys) -> [UInt8]? {
        var random = SystemRandomNumberGenerator()
        let salt = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        return encrypt(message, for: keys, with: .random(), salt: salt)
    }

    /// Encrypts with a chosen key and salt, which must be used for one message only.
    static func encrypt(_ message: [UInt8], for keys: SubscriptionKeys, with key: P256PrivateKey, salt: [UInt8])
        -> [UInt8]?
    {
        guard message.count <= mostBytes, let shared = key.sharedSecret(with: keys.publicKey) else { return nil }
        let info = Array("WebPush: info\0".utf8) + keys.publicKey + key.publicKey
        let secret = expand(hmac(keys.secret, shared), info, count: 32)
        let extracted = hmac(salt, secret)
        let contentKey = expand(extracted, Array("Content-Encoding: aes128gcm\0".utf8), count: 16)
        let nonce = expand(extracted, Array("Content-Encoding: nonce\0".utf8), count: 12)
        // The byte 2 ends the last record.
        guard let sealed = seal(message + [2], key: contentKey, nonce: nonce) else { return nil }
        let size = withUnsafeBytes(of: UInt32(recordSize).bigEndian) { Array($0) }
        return salt + size + [65] + key.publicKey + sealed
    }

    // MARK: - Primitives

    /// HMAC with SHA-256 (RFC 2104).
    private static func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        let isComputed = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, nil) != nil
        // traps: only without memory, or if OpenSSL is configured without its default provider; no value from outside leads here.
        precondition(isComputed, "libcrypto offers no HMAC")
        return code
    }

    /// The first step of HKDF's expansion, which is enough for 32 bytes (RFC 5869, section 2.3).
    private static func expand(_ key: [UInt8], _ info: [UInt8], count: Int) -> [UInt8] {
        Array(hmac(key, info + [1]).prefix(count))
    }

    /// AES-128-GCM (NIST SP 800-38D): the encrypted text and its tag.
    private static func seal(_ text: [UInt8], key: [UInt8], nonce: [UInt8]) -> [UInt8]? {
        guard let context = EVP_CIPHER_CTX_new() else { return nil }
        defer { EVP_CIPHER_CTX_free(context) }
        var sealed = [UInt8](repeating: 0, count: text.count)
        var tag = [UInt8](repeating: 0, count: tagSize)
        var count: Int32 = 0
        guard EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), nil, key, nonce) == 1,
            EVP_EncryptUpdate(context, &sealed, &count, text, Int32(text.count)) == 1, count == text.count,
            EVP_EncryptFinal_ex(context, nil, &count) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagSize), &tag) == 1
        else { return nil }
        return sealed + tag
    }
}
