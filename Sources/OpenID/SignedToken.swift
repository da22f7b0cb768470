import ContractRuntime
import Digests

/// A token in the compact serialization of JWS (RFC 7515, section 7.1). Its signature is not verified yet.
struct SignedToken {
    let algorithm: SignatureAlgorithm
    /// The name of the key; nil if any key of the provider may have signed it.
    let keyID: String?
    let claims: JSONValue
    /// The bytes that are signed.
    let signedBytes: [UInt8]
    let signature: [UInt8]

    /// Parses a token; nil if it is malformed, not signed with one of our algorithms, or has a header that must be understood.
    init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        let bytes = parts.map { Base64URL.decode(String(decoding: $0, as: UTF8.self)) }
        let json = bytes.map { $0.flatMap { JSONValue(String(decoding: $0, as: UTF8.self)) } }
        guard let header = json.first ?? nil, let claims = json.dropFirst().first ?? nil, case .object = claims,
            let signature = bytes.last ?? nil, case .string(let name)? = header["alg"],
            // RFC 9864 names the algorithm of Ed25519 more exactly.
            let algorithm = SignatureAlgorithm(rawValue: name.hasSameScalars(as: "Ed25519") ? "EdDSA" : name),
            header["crit"] == nil
        else { return nil }
        self.algorithm = algorithm
        if case .string(let id)? = header["kid"] { keyID = id } else { keyID = nil }
        self.claims = claims
        signedBytes = Array(parts.prefix(2).joined(separator: [UInt8(ascii: ".")]))
        self.signature = signature
    }
}
