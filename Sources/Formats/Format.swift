internal import Patterns

/// A `format` of JSON Schema, which checks the text of a string (JSON Schema Validation 2020-12, section 7.3).
public enum Format: String, CaseIterable, Sendable {
    /// RFC 3339, section 5.6.
    case dateTime = "date-time"
    /// RFC 3339, section 5.6, `full-date`.
    case date
    /// RFC 3339, section 5.6, `full-time`.
    case time
    /// RFC 3339, appendix A.
    case duration
    /// RFC 5321, section 4.1.2, `Mailbox`.
    case email
    /// RFC 6531, section 3.3.
    case internationalEmail = "idn-email"
    /// RFC 1123, section 2.1.
    case hostname
    /// RFC 5890, section 2.3.2.3.
    case internationalHostname = "idn-hostname"
    /// RFC 2673, section 3.2.
    case ipv4
    /// RFC 4291, section 2.2.
    case ipv6
    /// RFC 3986.
    case uri
    /// RFC 3986, section 4.1.
    case uriReference = "uri-reference"
    /// RFC 3987.
    case iri
    /// RFC 3987, section 2.2.
    case iriReference = "iri-reference"
    /// RFC 9562, section 4.
    case uuid
    /// RFC 6570.
    case uriTemplate = "uri-template"
    /// RFC 6901, section 5.
    case jsonPointer = "json-pointer"
    /// The relative JSON Pointer draft of Luff, Andrews and Hutton.
    case relativeJSONPointer = "relative-json-pointer"
    /// ECMA-262, with the `u` flag.
    case regex
    /// RFC 4648, section 4; OpenAPI's format registry.
    case byte

    /// Whether `text` has this format.
    public func matches(_ text: String) -> Bool {
        switch self {
        case .dateTime: DateText.isDateTime(text)
        case .date: DateText.isDate(text)
        case .time: DateText.isTime(text)
        case .duration: DateText.isDuration(text)
        case .email: MailboxText.isMailbox(text, isInternational: false)
        case .internationalEmail: MailboxText.isMailbox(text, isInternational: true)
        case .hostname: HostnameText.isHostname(text)
        case .internationalHostname: HostnameText.isInternationalHostname(text)
        case .ipv4: AddressText.isIPv4(text)
        case .ipv6: AddressText.isIPv6(text)
        case .uri: ReferenceText.isAbsolute(text, isInternational: false)
        case .uriReference: ReferenceText.isReference(text, isInternational: false)
        case .iri: ReferenceText.isAbsolute(text, isInternational: true)
        case .iriReference: ReferenceText.isReference(text, isInternational: true)
        case .uuid: Self.isUUID(text)
        case .uriTemplate: ReferenceText.isTemplate(text)
        case .jsonPointer: PointerText.isPointer(text)
        case .relativeJSONPointer: PointerText.isRelativePointer(text)
        case .regex: Pattern.isExpression(text)
        case .byte: Self.isBase64(text)
        }
    }

    /// Whether JSON Schema defines the format. The others come from OpenAPI's format registry.
    public var isStandard: Bool { self != .byte }

    private static func isUUID(_ text: String) -> Bool {
        text.utf8.count == 36
            && text.utf8.enumerated().allSatisfy { index, byte in
                [8, 13, 18, 23].contains(index) ? byte == UInt8(ascii: "-") : byte.isHexadecimalDigit
            }
    }

    private static func isBase64(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count % 4 == 0 else { return false }
        let padding = bytes.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        return bytes.dropLast(padding).allSatisfy {
            $0.isLetterOrDigit || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/")
        }
    }
}

extension UInt8 {
    var isDigit: Bool { self &- 0x30 < 10 }

    var isLetter: Bool { (self | 0x20) &- 0x61 < 26 }

    var isLetterOrDigit: Bool { isDigit || isLetter }

    var isHexadecimalDigit: Bool { isDigit || (self | 0x20) &- 0x61 < 6 }
}
