import ContractRuntime
import NIOHTTP1
import NIOPosix

/// Compresses large pages and documents for clients that accept gzip (RFC 9110, section 8.4.1.3).
///
/// Streams are not compressed: each event must reach the client at once. Nor are small responses, and so no heartbeat pays for this.
///
/// An attacker who can place guesses in a response and sees the size of its encrypted bytes could find a constant secret in it (the BREACH
/// attack). The only credential in pages is the CSRF token, which `FormToken` masks with other bits in each response. Responses of the API
/// contain a credential only when a token is issued, which is a POST, and only responses to GET and HEAD are compressed.
enum ResponseCompression {
    /// Smaller bodies fit into a few packets anyway.
    static let smallestBody = 4 * 1_024

    /// Whether the response depends on the client's `Accept-Encoding`.
    static func applies(to response: ServerResponse) -> Bool {
        guard case .bytes(let bytes) = response.body, bytes.count >= smallestBody else { return false }
        return response.headers.first(name: "Content-Type").map(isText) ?? false
    }

    private static func isText(_ mediaType: String) -> Bool {
        let essence = mediaType.prefix { $0 != ";" }.lowercased()
        return essence.hasPrefix("text/")
            || ["json", "javascript", "xml", "yaml"].contains { essence.hasSuffix($0) }
    }

    /// The response to a client that accepts gzip or does not. The work is done outside the event loops, by a bounded number of threads.
    static func apply(to response: ServerResponse, acceptsGzip: Bool) async -> ServerResponse {
        var response = response
        response.headers.add(name: "Vary", value: "Accept-Encoding")
        guard acceptsGzip, case .bytes(let bytes) = response.body else { return response }
        // An error means that the client is gone.
        guard let compressed = try? await NIOThreadPool.singleton.runIfActive({ Gzip.compressed(bytes) }) else {
            return response
        }
        response.body = .bytes(compressed)
        response.headers.add(name: "Content-Encoding", value: "gzip")
        response.headers.replaceOrAdd(name: "Content-Length", value: String(compressed.count))
        return response
    }

    /// Whether the request is for a page or document, and its client accepts gzip. Responses to POST are small, and heartbeats must not pay for
    /// the search.
    static func isWanted(by head: HTTPRequestHead) -> Bool {
        (head.method == .GET || head.method == .HEAD) && acceptsGzip(head.headers)
    }

    /// Whether the client accepts gzip (RFC 9110, section 12.5.3). A list without it does not; a missing field does not ask for it.
    static func acceptsGzip(_ headers: HTTPHeaders) -> Bool {
        var ofAny = false
        // Comparing lengths first is faster.
        for (name, value) in headers where name.utf8.count == 15 && name.isFieldName("accept-encoding") {
            for element in value.split(separator: ",") {
                let parts = element.lowercased().filter { $0 != " " && $0 != "\t" }.split(separator: ";")
                let isAccepted = parts.dropFirst().allSatisfy(isPositive)
                switch parts.first {
                case "gzip", "x-gzip": return isAccepted
                case "*": ofAny = isAccepted
                default: break
                }
            }
        }
        return ofAny
    }

    /// Whether a parameter is not a weight of zero. A weight that is not a number counts as zero.
    private static func isPositive(_ parameter: Substring) -> Bool {
        guard parameter.hasPrefix("q=") else { return true }
        return Double(parameter.dropFirst(2)).map { $0 > 0 } ?? false
    }
}
