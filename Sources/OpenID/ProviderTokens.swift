import CCrypto
import ContractRuntime
import Digests

/// A provider's tokens of a session.
package struct ProviderTokens: Sendable, Equatable {
    var access: String
    /// When the access token expires.
    var accessUntil: Timestamp
    /// Nil if the provider issues none.
    var refresh: String?
    /// The newest ID token, as a hint for the logout.
    package var id: String
    /// Whether the userinfo endpoint states the groups; otherwise the ID tokens do.
    var isUserinfoSource: Bool

    // MARK: - Encryption

    private static let nonceSize = 12
    private static let tagSize = 16

    /// The tokens, encrypted with AES-256-GCM (NIST SP 800-38D) under a key from the session's secret; nil only without memory.
    package func sealed(with secret: String) -> String? {
        let json = JSONObject { json in
            json.member("access", access)
            json.member("access_until", Int(accessUntil.microsecondsSinceEpoch))
            if let refresh { json.member("refresh", refresh) }
            json.member("id", id)
            json.member("userinfo", isUserinfoSource)
        }
        var random = SystemRandomNumberGenerator()
        let nonce = (0..<Self.nonceSize).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        guard let context = EVP_CIPHER_CTX_new() else { return nil }
        defer { EVP_CIPHER_CTX_free(context) }
        let text = json.bytes
        var sealed = [UInt8](repeating: 0, count: text.count)
        var tag = [UInt8](repeating: 0, count: Self.tagSize)
        var count: Int32 = 0
        guard EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, Self.key(secret), nonce) == 1,
            EVP_EncryptUpdate(context, &sealed, &count, text, Int32(clamping: text.count)) == 1, count == text.count,
            EVP_EncryptFinal_ex(context, nil, &count) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(clamping: Self.tagSize), &tag) == 1
        else { return nil }
        return Base64URL.encode(nonce + sealed + tag)
    }

    /// Decrypts tokens; nil if they were encrypted under another secret or changed.
    package init?(sealed: String, secret: String) {
        guard let bytes = Base64URL.decode(sealed), bytes.count > Self.nonceSize + Self.tagSize,
            let text = Self.open(bytes, Self.key(secret)), let json = JSONValue(String(decoding: text, as: UTF8.self)),
            case .string(let access)? = json["access"], case .number(let until)? = json["access_until"],
            let microseconds = Int64(until.text), case .string(let id)? = json["id"],
            case .boolean(let isUserinfoSource)? = json["userinfo"]
        else { return nil }
        self.access = access
        accessUntil = Timestamp(microsecondsSinceEpoch: microseconds)
        if case .string(let refresh)? = json["refresh"] { self.refresh = refresh }
        self.id = id
        self.isUserinfoSource = isUserinfoSource
    }

    private static func open(_ bytes: [UInt8], _ key: [UInt8]) -> [UInt8]? {
        let nonce = Array(bytes.prefix(nonceSize))
        var tag = Array(bytes.suffix(tagSize))
        let sealed = Array(bytes.dropFirst(nonceSize).dropLast(tagSize))
        guard let size = Int32(exactly: sealed.count), let context = EVP_CIPHER_CTX_new() else { return nil }
        defer { EVP_CIPHER_CTX_free(context) }
        var text = [UInt8](repeating: 0, count: sealed.count)
        var count: Int32 = 0
        guard EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1,
            EVP_DecryptUpdate(context, &text, &count, sealed, size) == 1, count == size,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(clamping: tagSize), &tag) == 1,
            EVP_DecryptFinal_ex(context, nil, &count) == 1
        else { return nil }
        return text
    }

    /// The key for a session's tokens. The secret has 256 random bits, so one hash is enough.
    private static func key(_ secret: String) -> [UInt8] {
        var sum = SHA256()
        sum.update("provider tokens of \(secret)".utf8)
        return sum.hash
    }

    init(access: String, accessUntil: Timestamp, refresh: String?, id: String, isUserinfoSource: Bool) {
        self.access = access
        self.accessUntil = accessUntil
        self.refresh = refresh
        self.id = id
        self.isUserinfoSource = isUserinfoSource
    }
}
