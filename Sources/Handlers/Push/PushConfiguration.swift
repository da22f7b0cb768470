import ContractRuntime
public import WebPush

/// The settings of web push: the deployment's key, and the services that may be called.
public struct PushConfiguration: Sendable {
    /// The key by which push services recognize the deployment.
    public var key: ApplicationServerKey
    /// A `mailto:` or `https:` URL of the operators, for the push services; nil for none.
    public var contact: String?
    /// The origins of push services that are called in addition to those of the browsers' vendors, such as `https://push.example.com`.
    public var services: [String]
    /// The principals of configured tokens, which are valid as long as the server runs.
    public var principals: [String]

    /// Creates a configuration.
    public init(key: ApplicationServerKey, contact: String?, services: [String], principals: [String]) {
        self.key = key
        self.contact = contact
        self.services = services
        self.principals = principals
    }

    /// The maximum number of subscriptions of a principal.
    static let mostSubscriptions = 20

    /// The push services of Chromium, Firefox, Edge and Safari.
    private static let origins = ["https://fcm.googleapis.com", "https://updates.push.services.mozilla.com"]
    private static let domains = [".notify.windows.com", ".push.apple.com"]

    /// Whether the server may send requests to an endpoint. Browsers name it, so without a list they could make the server call any host.
    func allows(_ endpoint: PushEndpoint) -> Bool {
        if (Self.origins + services).contains(where: { $0.hasSameScalars(as: endpoint.origin) }) { return true }
        return Self.domains.contains { domain in
            endpoint.origin.utf8.starts(with: "https://".utf8)
                && endpoint.host.utf8.reversed().starts(with: domain.utf8.reversed())
        }
    }
}

/// The URL of a subscription at its push service.
struct PushEndpoint {
    /// The scheme and authority.
    let origin: String
    /// The host, and the port if the URL has one.
    let host: String

    /// Reads an http or https URL; nil for any other text. The authority must be written as browsers do: in lower case, without a user.
    init?(_ url: String) {
        let scheme = url.utf8.starts(with: "https://".utf8) ? "https://" : "http://"
        guard url.utf8.starts(with: scheme.utf8) else { return nil }
        let rest = url.utf8.dropFirst(scheme.utf8.count)
        guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        let authority = rest[..<slash]
        let isPlain = authority.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"): true
            default: false
            }
        }
        guard isPlain, !authority.isEmpty else { return nil }
        host = String(decoding: authority, as: UTF8.self)
        origin = scheme + host
    }
}
