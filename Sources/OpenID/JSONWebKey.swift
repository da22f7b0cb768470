import CCrypto
import ContractRuntime
import Digests

/// A signature algorithm of ID tokens (RFC 7518, section 3.1; RFC 8037, section 3.1). `none` and the algorithms with a shared secret are missing
/// on purpose.
enum SignatureAlgorithm: String {
    case rs256 = "RS256"
    case es256 = "ES256"
    case edDSA = "EdDSA"
}

/// A provider's public key (RFC 7517), by OpenSSL's libcrypto.
///
/// `@unchecked Sendable`: OpenSSL counts references to a key atomically, and nothing changes a key after `init` (openssl-threads(7)).
final class JSONWebKey: @unchecked Sendable {
    private let key: OpaquePointer
    let algorithm: SignatureAlgorithm
    /// The name of the key; nil if it has none.
    let id: String?

    /// Reads a key for signatures; nil for any other key.
    init?(_ json: JSONValue) {
        if let use = json["use"], use != .string("sig") { return nil }
        guard case .string(let type)? = json["kty"] else { return nil }
        let algorithm: SignatureAlgorithm
        let encoded: [UInt8]?
        switch type {
        case "RSA": (algorithm, encoded) = (.rs256, Self.rsa(json))
        case "EC": (algorithm, encoded) = (.es256, Self.p256(json))
        case "OKP": (algorithm, encoded) = (.edDSA, Self.ed25519(json))
        default: return nil
        }
        if case .string(let stated)? = json["alg"], !stated.hasSameScalars(as: algorithm.rawValue) { return nil }
        let key = encoded?.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_PUBKEY(nil, &start, bytes.count)
        }
        guard let key else { return nil }
        self.key = key
        self.algorithm = algorithm
        if case .string(let name)? = json["kid"] { id = name } else { id = nil }
    }

    deinit { EVP_PKEY_free(key) }

    /// Whether a signature is valid for a message.
    func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        let encoded: [UInt8]
        if algorithm == .es256 {
            // Two numbers of 32 bytes (RFC 7518, section 3.4).
            guard signature.count == 64 else { return false }
            encoded = DER.sequence(DER.integer(signature.prefix(32)) + DER.integer(signature.suffix(32)))
        } else {
            encoded = signature
        }
        let digest = algorithm == .edDSA ? nil : EVP_sha256()
        return EVP_DigestVerifyInit(context, nil, digest, nil, key) == 1
            && EVP_DigestVerify(context, encoded, encoded.count, message, message.count) == 1
    }

    // MARK: - Encodings (RFC 5280, SubjectPublicKeyInfo)

    private static func bytes(_ json: JSONValue, _ name: String) -> [UInt8]? {
        guard case .string(let text)? = json[name] else { return nil }
        return Base64URL.decode(text)
    }

    /// An RSA key of 2,048 to 8,192 bits (RFC 8017, appendix A.1.1).
    private static func rsa(_ json: JSONValue) -> [UInt8]? {
        guard let modulus = bytes(json, "n")?.drop(while: { $0 == 0 }), (256...1_024).contains(modulus.count),
            let exponent = bytes(json, "e")?.drop(while: { $0 == 0 }), (1...8).contains(exponent.count)
        else { return nil }
        let algorithm: [UInt8] = [
            0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00,
        ]
        let key = DER.sequence(DER.integer(modulus) + DER.integer(exponent))
        return DER.sequence(algorithm + DER.bitString(key))
    }

    /// A point of the curve P-256 (RFC 5480).
    private static func p256(_ json: JSONValue) -> [UInt8]? {
        guard json["crv"] == .string("P-256"), let x = bytes(json, "x"), x.count == 32, let y = bytes(json, "y"),
            y.count == 32
        else { return nil }
        let algorithm: [UInt8] = [
            0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D,
            0x03, 0x01, 0x07,
        ]
        return DER.sequence(algorithm + DER.bitString([4] + x + y))
    }

    /// A key of Ed25519 (RFC 8410).
    private static func ed25519(_ json: JSONValue) -> [UInt8]? {
        guard json["crv"] == .string("Ed25519"), let x = bytes(json, "x"), x.count == 32 else { return nil }
        return DER.sequence([0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70] + DER.bitString(x))
    }
}

/// The public keys of a provider.
struct JSONWebKeySet: Sendable {
    /// The maximum number of keys that are tried.
    private static let most = 100

    let keys: [JSONWebKey]

    /// Reads the keys; nil if the value is no set of keys. Keys for other purposes are ignored (RFC 7517, section 5).
    init?(_ json: JSONValue) {
        guard case .array(let values)? = json["keys"] else { return nil }
        keys = values.prefix(Self.most).compactMap { JSONWebKey($0) }
    }

    /// Whether one of the keys has signed a token.
    func verify(_ token: SignedToken) -> Bool {
        keys.contains { key in
            key.algorithm == token.algorithm && (token.keyID.map { key.id?.hasSameScalars(as: $0) == true } ?? true)
                && key.verifies(token.signature, of: token.signedBytes)
        }
    }
}
