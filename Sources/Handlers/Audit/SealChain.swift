import ContractRuntime
import Digests

/// A seal of the audit log, with the text of its entry.
struct Seal {
    var position: Int
    /// In hexadecimal.
    var hash: String
    /// The id of its key; nil for a hash without a key.
    var key: String?
}

/// Verifies and continues the chain of seals, from one position on.
///
/// A seal with a key is an HMAC of the position, the previous seal and the entry. Its count is the position, which only a holder of the key can
/// raise. A seal without a key is the SHA-256 of the previous seal and the entry. Once a seal has a key, no later seal may have none or an
/// earlier key, so a chain cannot be continued with less protection.
///
/// Not `Sendable`: it reuses buffers.
struct SealChain {
    /// The position of the last seal.
    private(set) var position: Int
    /// The last seal, in hexadecimal; empty before the first one.
    private(set) var head: String
    /// The number of verified seals that no known key protects.
    private(set) var unprotected = 0
    private let keys: AuditKeys?
    private var codes: [HMACSHA256?]
    /// The place of the last seal's key; nil before the first key.
    private var place: Int?
    private var hasUnknownKey = false
    private var message: [UInt8] = []

    /// The chain after a seal.
    init(after seal: Seal, keys: AuditKeys?) {
        (position, head) = (seal.position, seal.hash)
        self.keys = keys
        codes = (keys?.entries ?? []).map { entry in
            if case .secret(_, let secret) = entry { HMACSHA256(key: secret) } else { nil }
        }
        place = seal.key.flatMap { keys?.place(of: $0) }
        hasUnknownKey = seal.key != nil && place == nil
    }

    /// Takes the next seal and the text of its entry; nil if the log does not have the entry.
    ///
    /// - Returns: The fault; nil if it continues the chain.
    mutating func fault(in seal: Seal, entry: String?) -> String? {
        guard seal.position == position.addingSaturated(1) else { return "a seal is missing before it" }
        guard let entry else { return "the entry is missing" }
        guard let key = seal.key else {
            if place != nil || hasUnknownKey { return "its seal has no key, unlike the ones before it" }
            var sum = SHA256()
            sum.update(Self.bytes(of: head))
            sum.update(entry.utf8)
            return advance(to: seal, if: sum.hash.hexadecimal, isProtected: false)
        }
        guard let next = keys?.place(of: key) else {
            return "its seal has the key \(key), which this server does not have"
        }
        if let place, next < place { return "its seal has an earlier key than the one before it" }
        place = next
        guard let code = codes[next] else { return advance(to: seal, if: seal.hash, isProtected: false) }
        return advance(to: seal, if: self.code(code, key, seal.position, entry), isProtected: true)
    }

    /// Seals the next entry with the newest key.
    ///
    /// - Returns: The seal; nil if the last seal has a key that is not in the list.
    mutating func seal(_ entry: String) -> String? {
        guard !hasUnknownKey, let keys, let code = codes.last ?? nil else { return nil }
        position = position.addingSaturated(1)
        head = self.code(code, keys.active.id, position, entry)
        place = codes.count - 1
        return head
    }

    private mutating func advance(to seal: Seal, if hash: String, isProtected: Bool) -> String? {
        // traps: both are hexadecimal digits.
        guard hash == seal.hash else { return "the entry is not as it was sealed" }
        (position, head) = (seal.position, seal.hash)
        if !isProtected { unprotected = unprotected.addingSaturated(1) }
        return nil
    }

    private mutating func code(_ code: HMACSHA256, _ key: String, _ position: Int, _ entry: String) -> String {
        message.removeAll(keepingCapacity: true)
        message += Self.domain
        message += key.utf8
        message.append(UInt8(ascii: "\n"))
        message += "\(position)".utf8
        message.append(UInt8(ascii: "\n"))
        message += head.utf8
        message.append(UInt8(ascii: "\n"))
        message += entry.utf8
        return code.code(for: message).hexadecimal
    }

    private static let domain = Array("flotilla-audit:1\n".utf8)

    /// Decodes hexadecimal digits; a malformed text yields other bytes than any seal.
    private static func bytes(of digits: String) -> [UInt8] {
        let values = digits.utf8.compactMap(\.hexadecimalDigit)
        return stride(from: 0, to: values.count - values.count % 2, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }
}
