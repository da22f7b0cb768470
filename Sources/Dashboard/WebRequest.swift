public import ContractRuntime

/// A request of a browser whose session is known.
public struct WebRequest: Sendable {
    /// `GET` or `POST`.
    public var method: String
    /// The path's segments, decoded.
    public var path: [String]
    /// The parameters of the query, in their order.
    public var query: Fields
    /// The fields of a form that was sent.
    public var form: Fields
    /// Whose session it is.
    public var principal: Principal
    /// The IP address that it comes from.
    public var address: String
    /// What a form of this session has to carry, so that no other page can send one.
    public var csrf: String
    /// `light` or `dark`, where the browser's own is not to decide.
    public var theme: String?

    /// A request of these parts.
    public init(
        method: String,
        path: [String],
        query: Fields,
        form: Fields,
        principal: Principal,
        address: String,
        csrf: String,
        theme: String?
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.form = form
        self.principal = principal
        self.address = address
        self.csrf = csrf
        self.theme = theme
    }
}

/// Names and values as a query or a form has them (WHATWG URL Standard, section 5, `application/x-www-form-urlencoded`).
public struct Fields: Sendable {
    /// The pairs, decoded, in their order.
    public private(set) var pairs: [(name: String, value: String)]

    /// No fields.
    public static let none = Fields("")

    /// Reads `a=1&b=2`.
    public init(_ text: some StringProtocol) {
        pairs = text.utf8.split(separator: UInt8(ascii: "&")).map { pair in
            let name = pair.prefix { $0 != UInt8(ascii: "=") }
            return (Self.decoded(name), Self.decoded(pair.dropFirst(name.count + 1)))
        }
    }

    /// These fields; those without a value are left out.
    public init(of pairs: [(String, String?)]) {
        self.pairs = pairs.compactMap { name, value in value.map { (name, $0) } }
    }

    /// The first value of a name; nil when there is none or it is empty.
    public subscript(name: String) -> String? {
        guard let value = pairs.first(where: { $0.name.hasSameScalars(as: name) })?.value, !value.isEmpty else {
            return nil
        }
        return value
    }

    /// All values of a name.
    public func all(_ name: String) -> [String] { pairs.filter { $0.name.hasSameScalars(as: name) }.map(\.value) }

    /// The same fields, but for this one.
    public func with(_ name: String, _ value: String?) -> Fields {
        var fields = self
        fields.pairs.removeAll { $0.name.hasSameScalars(as: name) }
        if let value { fields.pairs.append((name, value)) }
        return fields
    }

    /// These fields and others.
    func and(_ others: Fields) -> Fields { Fields(of: (pairs + others.pairs).map { ($0.name, $0.value) }) }

    /// The fields as text.
    public var text: String {
        pairs.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }.joined(separator: "&")
    }

    /// A text as one segment of a path or one part of a query (RFC 3986, section 2.3: everything but the unreserved characters is encoded).
    public static func encoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                let digits = Array("0123456789ABCDEF".utf8)
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The text behind `+` and `%` escapes; an escape that is none stands for itself.
    public static func decoded(_ text: some StringProtocol, isForm: Bool = true) -> String {
        decoded(text.utf8, isForm: isForm)
    }

    private static func decoded(_ text: some Sequence<UInt8>, isForm: Bool = true) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+"), isForm {
                bytes.append(UInt8(ascii: " "))
            } else if byte == UInt8(ascii: "%"), let high = rest.first?.hexadecimalDigit,
                let low = rest.dropFirst().first?.hexadecimalDigit
            {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What a browser gets.
public enum WebResponse: Sendable {
    /// A page.
    case page(status: Int, html: String)
    /// Another page has to be asked for (RFC 9110, section 15.4.4).
    case redirect(to: String)
}
