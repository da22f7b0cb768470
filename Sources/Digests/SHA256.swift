import CCrypto

/// SHA-256 (FIPS 180-4) by OpenSSL's libcrypto, which libpq requires anyway.
public struct SHA256: ~Copyable {
    private let context: OpaquePointer

    /// Creates the hash of no bytes.
    public init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            // traps: only without memory, or if OpenSSL is configured without its default provider; no value from outside leads here.
            fatalError("libcrypto offers no SHA-256")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Appends bytes.
    public mutating func update(_ bytes: some Sequence<UInt8>) {
        if bytes.withContiguousStorageIfAvailable({ add($0) }) == nil {
            Array(bytes).withUnsafeBufferPointer { add($0) }
        }
    }

    private func add(_ bytes: UnsafeBufferPointer<UInt8>) {
        let isAdded = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1
        // traps: the context is initialized, and adding bytes allocates nothing.
        precondition(isAdded, "EVP_DigestUpdate cannot fail after EVP_DigestInit_ex")
    }

    /// The hash of all bytes so far: 32 bytes.
    public var hash: [UInt8] {
        let copy = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(copy) }
        var hash = [UInt8](repeating: 0, count: 32)
        guard EVP_MD_CTX_copy_ex(copy, context) == 1, EVP_DigestFinal_ex(copy, &hash, nil) == 1 else {
            // traps: only without memory, where Swift's own allocations end the process as well.
            fatalError("libcrypto has no memory for a hash")
        }
        return hash
    }

    /// The hash of a text's UTF-8 bytes, in 64 lower-case hexadecimal digits.
    public static func hexadecimal(of text: String) -> String {
        var sum = SHA256()
        sum.update(text.utf8)
        return sum.hash.hexadecimal
    }
}

extension [UInt8] {
    /// Two lower-case hexadecimal digits per byte.
    public var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(2 * count)
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
