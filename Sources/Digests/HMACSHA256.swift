import CCrypto

/// HMAC with SHA-256 (RFC 2104) by OpenSSL's libcrypto, for many messages with one key.
///
/// Not `Sendable`: the state for the next message is reused.
public final class HMACSHA256 {
    private let inner: OpaquePointer
    private let outer: OpaquePointer
    private let work: OpaquePointer

    /// Prepares a key of at most 64 bytes, the block size of SHA-256.
    public init(key: [UInt8]) {
        // traps: the keys are those of this program's own callers, 32 bytes long.
        precondition(key.count <= 64, "a longer key must be hashed first")
        let padded = key + [UInt8](repeating: 0, count: 64 - key.count)
        inner = Self.context(after: padded.map { $0 ^ 0x36 })
        outer = Self.context(after: padded.map { $0 ^ 0x5c })
        work = Self.context(after: [])
    }

    deinit {
        EVP_MD_CTX_free(inner)
        EVP_MD_CTX_free(outer)
        EVP_MD_CTX_free(work)
    }

    /// The code of a message: 32 bytes.
    public func code(for message: [UInt8]) -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: 32)
        let isDone =
            EVP_MD_CTX_copy_ex(work, inner) == 1 && EVP_DigestUpdate(work, message, message.count) == 1
            && EVP_DigestFinal_ex(work, &hash, nil) == 1 && EVP_MD_CTX_copy_ex(work, outer) == 1
            && EVP_DigestUpdate(work, hash, hash.count) == 1 && EVP_DigestFinal_ex(work, &hash, nil) == 1
        // traps: copying a context fails only without memory, where Swift's own allocations end the process as well.
        precondition(isDone, "libcrypto has no memory for a hash")
        return hash
    }

    private static func context(after bytes: [UInt8]) -> OpaquePointer {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1,
            EVP_DigestUpdate(context, bytes, bytes.count) == 1
        else {
            // traps: only without memory, or if OpenSSL is configured without its default provider; no value from outside leads here.
            fatalError("libcrypto offers no SHA-256")
        }
        return context
    }
}
