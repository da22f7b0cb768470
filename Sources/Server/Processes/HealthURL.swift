#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The parsed URL of a health check.
struct HealthURL: Equatable, Sendable {
    let isTLS: Bool
    let host: String
    let port: Int
    /// The path and the query.
    let target: String

    /// Parses an http or https URL.
    init?(_ text: String) {
        guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased(),
            let host = url.host, !host.isEmpty, ["http", "https"].contains(scheme)
        else { return nil }
        isTLS = scheme == "https"
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        port = url.port ?? (isTLS ? 443 : 80)
        guard (1...65_535).contains(port) else { return nil }
        let path = url.percentEncodedPath.isEmpty ? "/" : url.percentEncodedPath
        target = path + (url.percentEncodedQuery.map { "?" + $0 } ?? "")
    }

    /// The value of the `Host` field.
    var authority: String { ListenAddress(host: host, port: port).text }
}
