/// A parameter in the contract: its location and serialization (OpenAPI 3.1, "Parameter Object").
public struct ParameterDescription: Sendable {
    /// The location of a parameter.
    public enum Place: String, Sendable {
        case path, query, header, cookie
    }

    /// The serialization of an array or object (OpenAPI 3.1, "Style Values").
    public enum Style: Sendable {
        case simple, label, matrix, form, spaceDelimited, pipeDelimited, deepObject, cookie
    }

    let name: String
    let place: Place
    let index: Int
    let style: Style
    let explodes: Bool
    let shape: TextShape
    let isRequired: Bool

    /// Creates the parameter `index` of the path template.
    public static func path(
        _ name: String,
        index: Int,
        style: Style = .simple,
        explodes: Bool = false,
        shape: TextShape = .text,
        isRequired: Bool = false
    ) -> Self {
        .init(
            name: name,
            place: .path,
            index: index,
            style: style,
            explodes: explodes,
            shape: shape,
            isRequired: isRequired
        )
    }

    /// Creates a query parameter.
    public static func query(
        _ name: String,
        style: Style = .form,
        explodes: Bool? = nil,
        shape: TextShape = .text,
        isRequired: Bool = false
    ) -> Self {
        let explodes = explodes ?? (style == .form || style == .deepObject)
        return .init(
            name: name,
            place: .query,
            index: 0,
            style: style,
            explodes: explodes,
            shape: shape,
            isRequired: isRequired
        )
    }

    /// Creates a header field.
    public static func header(
        _ name: String,
        style: Style = .simple,
        explodes: Bool = false,
        shape: TextShape = .text,
        isRequired: Bool = false
    ) -> Self {
        .init(
            name: name,
            place: .header,
            index: 0,
            style: style,
            explodes: explodes,
            shape: shape,
            isRequired: isRequired
        )
    }

    /// Creates a cookie.
    public static func cookie(
        _ name: String,
        style: Style = .form,
        explodes: Bool = true,
        shape: TextShape = .text,
        isRequired: Bool = false
    ) -> Self {
        .init(
            name: name,
            place: .cookie,
            index: 0,
            style: style,
            explodes: explodes,
            shape: shape,
            isRequired: isRequired
        )
    }

    /// The pointer in violations of the parameter: `/query/page`.
    var pointer: String { "/\(place.rawValue)/\(JSONLocator.escape(name))" }
}

/// How the text of a parameter, header or form field becomes JSON before it is read and validated.
public indirect enum TextShape: Sendable {
    /// A string, regardless of its content.
    case text
    /// A number or a boolean, unchanged.
    case literal
    /// A number or a boolean if the text is one, otherwise a string.
    case any
    /// JSON text (`content: application/json`).
    case json
    /// A part of a multipart body, with its name and media type.
    case file
    /// Items with the same shape.
    case array(TextShape)
    /// Members with their shapes. A member without an entry has the shape `others`.
    case object([String: TextShape], others: TextShape = .any)

    /// Whether the value is a single text.
    var isScalar: Bool {
        switch self {
        case .text, .literal, .any, .json, .file: true
        case .array, .object: false
        }
    }

    /// The shape of a member.
    func member(_ name: String) -> TextShape {
        guard case .object(let members, let others) = self else { return .any }
        return members.value(exactly: name) ?? others
    }

    /// The shape of an item.
    var item: TextShape {
        guard case .array(let item) = self else { return .any }
        return item
    }

    /// Appends one text as JSON.
    func write(_ text: String, to json: inout JSONWriter) {
        switch self {
        case .text: json.string(text)
        case .literal, .any, .json:
            guard let value = JSONValue(text), self.admits(value) else { return json.string(text) }
            json.raw(text.utf8)
        case .file: FilePart(content: Bytes(Array(text.utf8))).write(to: &json)
        case .array(let item):
            json.beginArray()
            item.write(text, to: &json)
            json.endArray()
        case .object: json.string(text)
        }
    }

    private func admits(_ value: JSONValue) -> Bool {
        switch (self, value) {
        case (.json, _), (_, .number), (_, .boolean), (.any, .null), (.literal, .null): true
        default: false
        }
    }
}

/// Percent-encoding for URIs and forms.
public enum PercentEncoding {
    /// Decodes percent-encoding (RFC 3986, section 2.1); nil for an invalid escape or bytes that are not UTF-8.
    static func decode(_ text: some StringProtocol, isForm: Bool = false) -> String? {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(text)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = iterator.next()?.hexadecimalDigit, let low = iterator.next()?.hexadecimalDigit
                else { return nil }
                bytes.append(high << 4 | low)
            // Forms encode a space as "+" (WHATWG URL, "application/x-www-form-urlencoded").
            case UInt8(ascii: "+") where isForm: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Escapes everything except unreserved characters (RFC 3986, section 2.3).
    public static func encode(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return encoded
    }
}
