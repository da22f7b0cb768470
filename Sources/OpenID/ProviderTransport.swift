/// A request to a provider.
package struct ProviderRequest: Sendable {
    package let url: String
    package var headers: [(name: String, value: String)] = []
    /// The fields of a form that is sent with POST; nil for a GET request.
    package var form: String?

    package init(url: String) { self.url = url }
}

/// A provider's response.
package struct ProviderResponse: Sendable {
    package let status: Int
    package let body: [UInt8]

    package init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

/// Sends requests to a provider: with a verified certificate, without following redirects, within a few seconds, and reading no more than
/// `ProviderLimits.mostBytes`.
package protocol ProviderTransport: Sendable {
    /// The response; throws any error if there is none within these limits.
    func send(_ request: ProviderRequest) async throws -> ProviderResponse
}

/// The bounds of a response.
package enum ProviderLimits {
    /// The maximum size of a body in bytes.
    package static let mostBytes = 262_144
    /// The maximum time for a response, with its body.
    package static let time = Duration.seconds(5)
}
