#if TLS
import NIOHPACK
import NIOHTTP1

extension HTTPRequestHead {
    /// Expresses the head of an HTTP/2 request in the terms of HTTP/1.1, which the pipeline uses.
    ///
    /// NIO has checked that each pseudo-header field occurs at most once and precedes the other fields, and that no field belongs to a
    /// connection, such as `Upgrade` (RFC 9113, section 8.2.2).
    ///
    /// - Parameter hasBody: Whether data follow.
    /// - Returns: Nil if the target is not a path.
    init?(_ fields: HPACKHeaders, hasBody: Bool) {
        var method = ""
        var path = ""
        var authority: String?
        var headers = HTTPHeaders()
        headers.reserveCapacity(fields.count)
        for (name, value, _) in fields {
            switch name {
            case ":method": method = value
            case ":path": path = value
            case ":authority":
                authority = value
                headers.add(name: "host", value: value)
            // A second value is rejected, as two `Host` fields are (RFC 9113, section 8.3.1).
            case "host" where authority.map { $0.utf8.elementsEqual(value.utf8) } ?? false: break
            case _ where name.utf8.first == UInt8(ascii: ":"): break
            default: headers.add(name: name, value: value)
            }
        }
        guard path.utf8.first == UInt8(ascii: "/") || method == "OPTIONS" && path == "*" else { return nil }
        // A body of unknown length.
        if hasBody, !headers.contains(name: "content-length") {
            headers.add(name: "transfer-encoding", value: "chunked")
        }
        self.init(version: .init(major: 2, minor: 0), method: HTTPMethod(rawValue: method), uri: path, headers: headers)
    }
}

extension HPACKHeaders {
    /// The head of a response. Its names are in lower case (RFC 9113, section 8.2.1).
    init(_ response: ServerResponse) {
        self.init([(":status", String(response.status.code))])
        reserveCapacity(response.headers.count + 1)
        for (name, value) in response.headers { add(name: name.lowercased(), value: value) }
    }
}
#endif
