public import ContractRuntime

/// A person of an OpenID provider with a session.
public struct OpenIDPerson: Sendable {
    /// When the provider last confirmed the person's groups. The database's clock decides.
    public struct Check: Sendable {
        /// Seconds after which a session in use is checked again.
        static let dueSeconds = 30
        /// Seconds for which a confirmation is valid.
        static let validSeconds = 60
        /// Seconds for which a confirmation is valid if the provider does not respond.
        static let graceSeconds = 300

        /// Seconds since the last confirmation.
        let seconds: Double
        /// Whether the provider did not respond to the newest check.
        let isFailing: Bool

        /// Whether the provider must be asked again.
        public var isDue: Bool { seconds >= Double(Self.dueSeconds) }

        /// Whether the person still has access.
        public var isValid: Bool { seconds < Double(isFailing ? Self.graceSeconds : Self.validSeconds) }
    }

    public let issuer: String
    public let subject: String
    /// The person with the roles of the last check.
    public let principal: Principal
    public let check: Check
}
