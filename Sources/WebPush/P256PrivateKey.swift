import CCrypto

/// A private key on the curve P-256 (FIPS 186-5), by OpenSSL's libcrypto.
///
/// `@unchecked Sendable`: OpenSSL counts references to a key atomically, and nothing changes a key after `init` (openssl-threads(7)).
final class P256PrivateKey: @unchecked Sendable {
    private let key: OpaquePointer
    /// The public key as an uncompressed point: 65 bytes (SEC 1, section 2.3.3).
    let publicKey: [UInt8]

    /// Creates a key from its scalar.
    ///
    /// - Parameter scalar: A big-endian number from 1 to the order of the curve, without it: 32 bytes. Any other value returns nil.
    init?(scalar: [UInt8]) {
        guard scalar.count == 32 else { return nil }
        let key = (Self.privateKeyPrefix + scalar).withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_AutoPrivateKey(nil, &start, bytes.count)
        }
        guard let key else { return nil }
        guard Self.isInRange(key), let publicKey = Self.publicKey(of: key) else {
            EVP_PKEY_free(key)
            return nil
        }
        self.key = key
        self.publicKey = publicKey
    }

    deinit { EVP_PKEY_free(key) }

    /// A new random key.
    static func random() -> P256PrivateKey {
        var random = SystemRandomNumberGenerator()
        while true {
            let scalar = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            if let key = P256PrivateKey(scalar: scalar) { return key }
        }
    }

    // MARK: - Operations

    /// The secret that both owners of a pair of keys compute (NIST SP 800-56A, section 5.7.1.2): 32 bytes; nil if the other key is not a
    /// point of the curve.
    func sharedSecret(with publicKey: [UInt8]) -> [UInt8]? {
        guard publicKey.count == 65, let peer = Self.key(ofPoint: publicKey) else { return nil }
        defer { EVP_PKEY_free(peer) }
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var secret = [UInt8](repeating: 0, count: 32)
        var count = secret.count
        guard EVP_PKEY_derive_init(context) == 1, EVP_PKEY_derive_set_peer(context, peer) == 1,
            EVP_PKEY_derive(context, &secret, &count) == 1, count == secret.count
        else { return nil }
        return secret
    }

    /// The ECDSA signature of the message's SHA-256: the numbers r and s in 32 bytes each (RFC 7518, section 3.4). Nil only without memory.
    func signature(of message: [UInt8]) -> [UInt8]? {
        guard let context = EVP_MD_CTX_new() else { return nil }
        defer { EVP_MD_CTX_free(context) }
        // A signature in DER has at most 72 bytes.
        var encoded = [UInt8](repeating: 0, count: 80)
        var count = encoded.count
        guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1,
            EVP_DigestSign(context, &encoded, &count, message, message.count) == 1
        else { return nil }
        return Self.numbers(ofSignature: Array(encoded.prefix(count)))
    }

    private static func numbers(ofSignature encoded: [UInt8]) -> [UInt8]? {
        encoded.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            guard let signature = d2i_ECDSA_SIG(nil, &start, bytes.count) else { return nil }
            defer { ECDSA_SIG_free(signature) }
            var numbers = [UInt8](repeating: 0, count: 64)
            let isWritten = numbers.withUnsafeMutableBufferPointer { numbers in
                guard let r = numbers.baseAddress else { return false }
                return BN_bn2binpad(ECDSA_SIG_get0_r(signature), r, 32) == 32
                    && BN_bn2binpad(ECDSA_SIG_get0_s(signature), r + 32, 32) == 32
            }
            return isWritten ? numbers : nil
        }
    }

    // MARK: - Encodings

    /// A private key before its scalar (RFC 5208 with RFC 5915), and a public key before its point (RFC 5480).
    private static let privateKeyPrefix: [UInt8] = [
        0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08,
        0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20,
    ]
    private static let publicKeyPrefix: [UInt8] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
        0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ]

    private static func isInRange(_ key: OpaquePointer) -> Bool {
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else { return false }
        defer { EVP_PKEY_CTX_free(context) }
        return EVP_PKEY_private_check(context) == 1
    }

    /// The point of a key, which OpenSSL has computed from the scalar.
    private static func publicKey(of key: OpaquePointer) -> [UInt8]? {
        let count = publicKeyPrefix.count + 65
        guard i2d_PUBKEY(key, nil) == count else { return nil }
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { bytes, written in
            var start = bytes.baseAddress
            written = Int(max(i2d_PUBKEY(key, &start), 0))
        }
        return bytes.starts(with: publicKeyPrefix) ? Array(bytes.dropFirst(publicKeyPrefix.count)) : nil
    }

    /// A public key; nil if it is not a point of the curve.
    private static func key(ofPoint point: [UInt8]) -> OpaquePointer? {
        (publicKeyPrefix + point).withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_PUBKEY(nil, &start, bytes.count)
        }
    }
}
