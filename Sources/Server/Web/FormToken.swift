import ContractRuntime
import Digests

/// The CSRF token in the forms of a session, which other sites cannot read. It is derived from the session's secret and does not reveal it.
///
/// Each response masks the token with other random bits, because pages are compressed and contain text of the request: from the size of such
/// a page an attacker could find a constant token (`ResponseCompression`).
enum FormToken {
    /// A session's token, masked for one response: the mask and the masked token in hexadecimal digits.
    static func masked(ofSession secret: String) -> String {
        let token = token(ofSession: secret)
        var random = SystemRandomNumberGenerator()
        let mask = token.map { _ in UInt8.random(in: .min ... .max, using: &random) }
        return (mask + zip(mask, token).map { $0 ^ $1 }).hexadecimal
    }

    /// Whether a form's field is the session's token under any mask. The time reveals nothing about the token.
    static func isValid(_ field: String?, ofSession secret: String) -> Bool {
        let token = token(ofSession: secret).hexadecimal.utf8.compactMap(\.hexadecimalDigit)
        let digits = (field ?? "").utf8.compactMap(\.hexadecimalDigit)
        guard digits.count == field?.utf8.count, digits.count == token.count * 2 else { return false }
        let (mask, masked) = (digits.prefix(token.count), digits.dropFirst(token.count))
        let unmasked = zip(mask, masked).map { $0 ^ $1 }
        return zip(unmasked, token).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func token(ofSession secret: String) -> [UInt8] {
        var sum = SHA256()
        sum.update("form of \(secret)".utf8)
        return sum.hash
    }
}
