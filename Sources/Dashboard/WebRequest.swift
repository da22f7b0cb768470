public import ContractRuntime

/// A browser request with a valid session.
public struct WebRequest: Sendable {
    /// `GET` or `POST`.
    public var method: String
    /// The decoded segments of the path.
    public var path: [String]
    /// The query parameters, in order.
    public var query: Fields
    /// The fields of the submitted form.
    public var form: Fields
    /// The principal of the session.
    public var principal: Principal
    /// How the user has authenticated.
    public var authentication: Authentication
    /// The IP address of the client.
    public var address: String
    /// The CSRF token that each form of this response must carry.
    public var csrf: String
    /// `light` or `dark`; nil to follow the browser's setting.
    public var theme: String?
    /// Whether the browser shows times in its own zone.
    public var isLocalTime: Bool
    /// Whether keys without Control or Alt are shortcuts.
    public var hasShortcuts: Bool
    /// The currency in which totals are reported: its name, `books` or `each`; nil without a preference.
    public var reportingCurrency: String?
    /// The parts of this page that the browser has. The response leaves them out.
    public var known: KnownContent

    /// Creates a request.
    public init(
        method: String,
        path: [String],
        query: Fields,
        form: Fields,
        principal: Principal,
        authentication: Authentication = Authentication(kind: .token, isRecent: true),
        address: String,
        csrf: String,
        theme: String?,
        isLocalTime: Bool,
        hasShortcuts: Bool,
        reportingCurrency: String? = nil,
        known: KnownContent = KnownContent()
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.form = form
        self.principal = principal
        self.authentication = authentication
        self.address = address
        self.csrf = csrf
        self.theme = theme
        self.isLocalTime = isLocalTime
        self.hasShortcuts = hasShortcuts
        self.reportingCurrency = reportingCurrency
        self.known = known
    }
}

extension WebRequest {
    /// How and when the user of a session has authenticated.
    public struct Authentication: Sendable {
        /// How a user authenticates.
        public enum Kind: Sendable {
            /// With a token.
            case token
            /// At the OpenID provider.
            case provider
        }

        /// The code of the problem if an action requires a recent authentication.
        public static let requiredCode = "REAUTHENTICATION_REQUIRED"
        /// The code of the problem if the entered token is not the user's.
        public static let failedCode = "REAUTHENTICATION_FAILED"

        /// How the user authenticates.
        public let kind: Kind
        /// Whether the user has authenticated recently enough for a high-risk command.
        public let isRecent: Bool

        /// Creates an authentication.
        public init(kind: Kind, isRecent: Bool) {
            self.kind = kind
            self.isRecent = isRecent
        }
    }
}

/// The names and values of a query or a form (WHATWG URL Standard, section 5, `application/x-www-form-urlencoded`).
public struct Fields: Sendable {
    /// The decoded pairs, in order.
    public private(set) var pairs: [(name: String, value: String)]

    /// No fields.
    public static let none = Fields("")

    /// Parses text such as `a=1&b=2`.
    public init(_ text: some StringProtocol) {
        pairs = text.utf8.split(separator: UInt8(ascii: "&")).map { pair in
            let name = pair.prefix { $0 != UInt8(ascii: "=") }
            return (Self.decoded(name), Self.decoded(pair.dropFirst(name.count + 1)))
        }
    }

    /// Creates fields from the pairs that have a value.
    public init(of pairs: [(String, String?)]) {
        self.pairs = pairs.compactMap { name, value in value.map { (name, $0) } }
    }

    /// The first value of a name; nil if it is missing or empty.
    public subscript(name: String) -> String? {
        guard let value = pairs.first(where: { $0.name.hasSameScalars(as: name) })?.value, !value.isEmpty else {
            return nil
        }
        return value
    }

    /// All values of a name.
    public func all(_ name: String) -> [String] { pairs.filter { $0.name.hasSameScalars(as: name) }.map(\.value) }

    /// A copy in which this is the only value of `name`; nil removes the name.
    public func with(_ name: String, _ value: String?) -> Fields {
        var fields = self
        fields.pairs.removeAll { $0.name.hasSameScalars(as: name) }
        if let value { fields.pairs.append((name, value)) }
        return fields
    }

    /// These fields followed by others.
    func and(_ others: Fields) -> Fields { Fields(of: (pairs + others.pairs).map { ($0.name, $0.value) }) }

    /// The encoded fields, such as `a=1&b=2`.
    public var text: String {
        pairs.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
    }

    /// Decodes `%` escapes, and in a form `+` as a space. An invalid escape is kept as text.
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

extension Fields: ExpressibleByDictionaryLiteral {
    /// Creates fields from the elements that have a value.
    public init(dictionaryLiteral elements: (String, String?)...) { self.init(of: elements) }
}

/// The response to a browser.
public enum WebResponse: Sendable {
    /// A page as HTML.
    case page(status: Int, html: String)
    /// A redirect to a path of this server (303 See Other: RFC 9110, section 15.4.4).
    case redirect(to: String)
}
