import ContractRuntime
import NIOHTTP1

extension HTTPRequestHead {
    /// Rejects a body whose media type is missing or not in the list. A page of another site can send such a body without a preflight
    /// request (Fetch, section 3.3.5).
    ///
    /// - Parameter mediaTypes: The media types that the operation reads; empty for an operation that ignores bodies.
    func checkMediaType(among mediaTypes: [String]) throws(Problem) {
        if mediaTypes.isEmpty { return }
        var field: String?
        for (name, value) in headers where name.utf8.count == 12 && name.isFieldName("content-type") {
            if field != nil { throw .unsupportedMediaType(mediaTypes) }
            field = value
        }
        if field == nil, !announcesBody { return }
        guard let field, MediaType.place(of: field, among: mediaTypes) != nil else {
            throw .unsupportedMediaType(mediaTypes)
        }
    }

    /// Whether the head announces a body (RFC 9112, section 6.3).
    private var announcesBody: Bool {
        headers.contains(name: "Transfer-Encoding") || headers.first(name: "Content-Length").map { $0 != "0" } ?? false
    }
}
