import CCrypto

/// SHA-256 (FIPS 180-4) by OpenSSL's libcrypto, which libpq brings.
public struct SHA256: ~Copyable {
    private let context: OpaquePointer

    /// The hash of the bytes that `update` adds.
    public init() {
        let context = EVP_MD_CTX_new()
        // Fails without memory, or if OpenSSL is configured without its default provider. A wrong hash would be worse than an end.
        guard let context, EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            fatalError("libcrypto offers no SHA-256")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds bytes.
    public mutating func update(_ bytes: [UInt8]) {
        let isAdded = EVP_DigestUpdate(context, bytes, bytes.count) == 1
        precondition(isAdded, "EVP_DigestUpdate cannot fail after EVP_DigestInit_ex")
    }

    /// The hash of all bytes, 32 of them.
    public consuming func finish() -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: 32)
        let isFinished = EVP_DigestFinal_ex(context, &hash, nil) == 1
        precondition(isFinished, "EVP_DigestFinal_ex cannot fail after EVP_DigestInit_ex")
        return hash
    }

    /// The hash of a text's UTF-8 bytes, in 64 lower-case hexadecimal digits.
    public static func hexadecimal(of text: String) -> String {
        var hash = SHA256()
        hash.update(Array(text.utf8))
        return hash.finish().hexadecimal
    }
}

extension [UInt8] {
    /// Two lower-case hexadecimal digits per byte.
    public var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
