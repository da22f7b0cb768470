import ContractRuntime
import NIOHTTP1

extension HTTPRequestHead {
    /// Whether the client waits for permission before it sends the body.
    var expectsContinue: Bool { headers.first(name: "Expect")?.lowercased() == "100-continue" }

    /// Whether the body, if there is one, has a media type of the list. A page of another site can send a body of some types without a
    /// preflight request (Fetch, section 3.3.5).
    ///
    /// - Parameter mediaTypes: The media types that the operation reads; empty for an operation that ignores bodies.
    func hasMediaType(among mediaTypes: [String]) -> Bool {
        if mediaTypes.isEmpty { return true }
        var field: String?
        for (name, value) in headers where name.utf8.count == 12 && name.isFieldName("content-type") {
            if field != nil { return false }
            field = value
        }
        guard let field else { return !announcesBody }
        return MediaType.place(of: field, among: mediaTypes) != nil
    }

    /// Whether the head announces a body (RFC 9112, section 6.3).
    private var announcesBody: Bool {
        headers.contains(name: "Transfer-Encoding") || headers.first(name: "Content-Length").map { $0 != "0" } ?? false
    }
}
