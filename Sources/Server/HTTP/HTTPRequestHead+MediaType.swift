import ContractRuntime
import NIOHTTP1

extension HTTPRequestHead {
    /// Refuses a body whose media type is none of these, or is missing: a page of another site may send such a body without asking the
    /// server first (Fetch, section 3.3.5).
    ///
    /// - Parameter mediaTypes: Those that an operation reads; empty for one that ignores bodies.
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

    /// Whether a body follows (RFC 9112, section 6.3).
    private var announcesBody: Bool {
        headers.contains(name: "Transfer-Encoding") || headers.first(name: "Content-Length").map { $0 != "0" } ?? false
    }
}
