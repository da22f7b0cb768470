import CCrypto
import ContractRuntime
import Digests

/// A public key that verifies Ed25519 signatures (RFC 8032), by OpenSSL's libcrypto.
///
/// `@unchecked Sendable`: OpenSSL counts references to a key atomically, and nothing changes a key after `init` (openssl-threads(7)).
public final class VerifyingKey: @unchecked Sendable {
    private let key: OpaquePointer
    /// The encoded point: 32 bytes (RFC 8032, section 5.1.2).
    public let bytes: [UInt8]
    /// The first 16 hexadecimal digits of the SHA-256 of `bytes`. It selects the key of a signature and proves nothing.
    public let id: String

    /// Reads an encoded point; nil for any other number of bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        guard let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count) else { return nil }
        self.key = key
        self.bytes = bytes
        var sum = SHA256()
        sum.update(bytes)
        id = String(sum.hash.hexadecimal.prefix(16))
    }

    /// Reads 64 hexadecimal digits; nil for any other text.
    public convenience init?(hexadecimal text: String) {
        guard let bytes = [UInt8](hexadecimal: text) else { return nil }
        self.init(bytes: bytes)
    }

    deinit { EVP_PKEY_free(key) }

    /// Whether a signature of `message` was made with the private key. Anything but 64 bytes is no signature.
    public func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard signature.count == 64, let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1 else { return false }
        return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}

extension [UInt8] {
    /// Reads two hexadecimal digits per byte; nil for any other text.
    init?(hexadecimal text: String) {
        let digits = text.utf8.compactMap(\.hexadecimalDigit)
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        self = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
