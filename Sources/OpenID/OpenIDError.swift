/// Why a person could not sign in, or a check of a session did not succeed.
package struct OpenIDError: Error, CustomStringConvertible {
    package enum Code: Sendable {
        /// The provider does not respond, or with something else than the standards require. A later attempt may succeed.
        case unavailable
        /// The provider, or what it says of the person, gives no access.
        case refused
    }

    package let code: Code
    /// The reason. It contains no secret and no text from outside.
    package let description: String

    static func unavailable(_ description: String) -> OpenIDError {
        OpenIDError(code: .unavailable, description: description)
    }

    static func refused(_ description: String) -> OpenIDError { OpenIDError(code: .refused, description: description) }
}
