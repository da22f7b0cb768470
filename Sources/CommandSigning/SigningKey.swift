import CCrypto
import Digests

/// A private key that makes Ed25519 signatures (RFC 8032), by OpenSSL's libcrypto.
///
/// `@unchecked Sendable`: OpenSSL counts references to a key atomically, and nothing changes a key after `init` (openssl-threads(7)).
public final class SigningKey: @unchecked Sendable {
    private let key: OpaquePointer
    /// The public key.
    public let verifyingKey: VerifyingKey

    /// The key's id, which is that of the public key.
    public var id: String { verifyingKey.id }

    /// Reads a seed; nil for any other number of bytes than 32.
    public convenience init?(seed: [UInt8]) {
        guard seed.count == 32, let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count)
        else { return nil }
        self.init(owning: key)
    }

    /// Takes ownership of a key; nil if it is no Ed25519 key.
    private init?(owning key: OpaquePointer) {
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = bytes.count
        guard EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519,
            EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1, count == bytes.count,
            let verifyingKey = VerifyingKey(bytes: bytes)
        else {
            EVP_PKEY_free(key)
            return nil
        }
        self.key = key
        self.verifyingKey = verifyingKey
    }

    deinit { EVP_PKEY_free(key) }

    /// Reads the unencrypted private keys of a PEM file, as `openssl genpkey -algorithm ed25519` writes them; nil if it has none, or one that
    /// is no Ed25519 key.
    public static func read(pem text: String) -> [SigningKey]? {
        let keys = Array(text.utf8).withUnsafeBufferPointer { bytes -> [SigningKey] in
            guard let count = Int32(exactly: bytes.count), let file = BIO_new_mem_buf(bytes.baseAddress, count)
            else { return [] }
            defer {
                BIO_free(file)
                ERR_clear_error()
            }
            var keys: [SigningKey] = []
            // The callback gives no passphrase: OpenSSL's own would ask at the terminal.
            while let key = PEM_read_bio_PrivateKey(file, nil, { _, _, _, _ in -1 }, nil) {
                guard let key = SigningKey(owning: key) else { break }
                keys.append(key)
            }
            return keys
        }
        let blocks = text.split(separator: "\n").count { $0.hasPrefix("-----BEGIN ") }
        return keys.isEmpty || keys.count != blocks ? nil : keys
    }

    /// The signature of a message: 64 bytes. Nil only without memory.
    public func signature(of message: [UInt8]) -> [UInt8]? {
        guard let context = EVP_MD_CTX_new() else { return nil }
        defer { EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: 64)
        var count = signature.count
        guard EVP_DigestSignInit(context, nil, nil, nil, key) == 1,
            EVP_DigestSign(context, &signature, &count, message, message.count) == 1, count == signature.count
        else { return nil }
        return signature
    }
}
