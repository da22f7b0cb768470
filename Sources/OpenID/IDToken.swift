import ContractRuntime
import Digests

/// The claims of an ID token that was validated (OpenID Connect Core 1.0, section 3.1.3.7).
struct IDToken {
    /// How far the provider's clock may differ, in seconds.
    static let leeway = 60.0
    /// The maximum age of a token when it arrives, in seconds.
    static let maximumAge = 600.0

    let subject: String
    let claims: JSONValue
    /// When the person authenticated; nil if the provider does not state it.
    let authenticatedAt: Timestamp?

    /// The required content of a token.
    struct Expectation {
        let issuer: String
        let clientID: String
        /// The value of the authentication request; nil after a refresh, where it may be missing (section 12.2).
        let nonce: String?
        /// The access token that came with it.
        let accessToken: String
        let now: Timestamp
    }

    /// Validates the claims of a token whose signature is valid.
    init(_ token: SignedToken, _ expected: Expectation) throws(OpenIDError) {
        let claims = token.claims
        func text(_ name: String) -> String? {
            if case .string(let text)? = claims[name] { text } else { nil }
        }
        func check(_ condition: Bool, _ claim: String) throws(OpenIDError) {
            if !condition { throw .refused("the ID token has a wrong claim '\(claim)'") }
        }
        try check(text("iss")?.hasSameScalars(as: expected.issuer) == true, "iss")
        let isOurs = text("azp").map { $0.hasSameScalars(as: expected.clientID) }
        switch claims["aud"] {
        case .string(let audience)?: try check(audience.hasSameScalars(as: expected.clientID), "aud")
        case .array(let audiences)?:
            try check(audiences.contains(.string(expected.clientID)), "aud")
            // A token for several clients must have been issued to us.
            try check(audiences.count == 1 || isOurs == true, "azp")
        default: try check(false, "aud")
        }
        try check(isOurs != false, "azp")
        let now = Double(expected.now.microsecondsSinceEpoch) / 1_000_000
        let expiry = Self.seconds(claims["exp"])
        try check(expiry.map { $0 > now - Self.leeway } == true, "exp")
        let issued = Self.seconds(claims["iat"])
        try check(issued.map { $0 < now + Self.leeway && $0 > now - Self.maximumAge - Self.leeway } == true, "iat")
        if claims["nbf"] != nil {
            try check(Self.seconds(claims["nbf"]).map { $0 < now + Self.leeway } == true, "nbf")
        }
        if let nonce = expected.nonce {
            try check(text("nonce")?.hasSameScalars(as: nonce) == true, "nonce")
        }
        if let hash = text("at_hash"), token.algorithm != .edDSA {
            try check(hash.hasSameScalars(as: Self.hash(ofAccessToken: expected.accessToken)), "at_hash")
        }
        guard let subject = text("sub"), (1...255).contains(subject.utf8.count),
            subject.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { throw .refused("the ID token has a wrong claim 'sub'") }
        self.subject = subject
        self.claims = claims
        authenticatedAt = try claims["auth_time"].map { value throws(OpenIDError) in
            guard let seconds = Self.seconds(value), seconds >= 0, seconds < now + Self.leeway else {
                throw .refused("the ID token has a wrong claim 'auth_time'")
            }
            return Timestamp(microsecondsSinceEpoch: Int64(saturating: seconds).multipliedSaturated(by: 1_000_000))
        }
    }

    /// Seconds since 1970-01-01T00:00:00Z (RFC 7519, section 2); nil for any other value.
    private static func seconds(_ value: JSONValue?) -> Double? {
        guard case .number(let number)? = value, let seconds = Double(number.text), seconds.isFinite else { return nil }
        return seconds
    }

    /// The left half of the hash of an access token (section 3.1.3.6).
    private static func hash(ofAccessToken token: String) -> String {
        var sum = SHA256()
        sum.update(token.utf8)
        return Base64URL.encode(Array(sum.hash.prefix(16)))
    }
}
