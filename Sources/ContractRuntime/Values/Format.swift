internal import Formats

/// A `format` of strings (JSON Schema Validation 2020-12, section 7.3).
public struct Format: Hashable, Sendable {
    private let format: Formats.Format

    private init(_ format: Formats.Format) {
        self.format = format
    }

    /// The name in schemas.
    public var name: String { format.rawValue }

    /// Whether `text` has the format.
    public func matches(_ text: String) -> Bool { format.matches(text) }
}

extension Format {
    /// RFC 3339, section 5.6.
    public static let dateTime = Format(.dateTime)
    /// RFC 3339, section 5.6, `full-date`.
    public static let date = Format(.date)
    /// RFC 3339, section 5.6, `full-time`.
    public static let time = Format(.time)
    /// RFC 3339, appendix A.
    public static let duration = Format(.duration)
    /// RFC 5321, section 4.1.2, `Mailbox`.
    public static let email = Format(.email)
    /// RFC 6531, section 3.3.
    public static let internationalEmail = Format(.internationalEmail)
    /// RFC 1123, section 2.1.
    public static let hostname = Format(.hostname)
    /// RFC 5890, section 2.3.2.3.
    public static let internationalHostname = Format(.internationalHostname)
    /// RFC 2673, section 3.2.
    public static let ipv4 = Format(.ipv4)
    /// RFC 4291, section 2.2.
    public static let ipv6 = Format(.ipv6)
    /// RFC 3986.
    public static let uri = Format(.uri)
    /// RFC 3986, section 4.1.
    public static let uriReference = Format(.uriReference)
    /// RFC 3987.
    public static let iri = Format(.iri)
    /// RFC 3987, section 2.2.
    public static let iriReference = Format(.iriReference)
    /// RFC 9562, section 4.
    public static let uuid = Format(.uuid)
    /// RFC 6570.
    public static let uriTemplate = Format(.uriTemplate)
    /// RFC 6901, section 5.
    public static let jsonPointer = Format(.jsonPointer)
    /// The draft "Relative JSON Pointer" by Luff, Andrews and Hutton.
    public static let relativeJSONPointer = Format(.relativeJSONPointer)
    /// ECMA-262, with the `u` flag.
    public static let regex = Format(.regex)
    /// RFC 4648, section 4; OpenAPI's format registry.
    public static let byte = Format(.byte)
}
