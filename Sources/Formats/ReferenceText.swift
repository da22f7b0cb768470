/// Checks URIs, IRIs and URI templates.
enum ReferenceText {
    /// A reference with a scheme (RFC 3986, section 3; RFC 3987, section 2.2).
    static func isAbsolute(_ text: String, isInternational: Bool) -> Bool {
        guard let parts = URIParts(text), parts.scheme != nil else { return false }
        return isWellFormed(parts, isInternational)
    }

    /// A reference with or without a scheme (RFC 3986, section 4.1).
    static func isReference(_ text: String, isInternational: Bool) -> Bool {
        guard let parts = URIParts(text) else { return false }
        return isWellFormed(parts, isInternational)
    }

    private static func isWellFormed(_ parts: URIParts, _ isInternational: Bool) -> Bool {
        if let scheme = parts.scheme {
            let isScheme = scheme.utf8.allSatisfy { $0.isLetterOrDigit || "+-.".utf8.contains($0) }
            guard scheme.utf8.first?.isLetter == true, isScheme else { return false }
        } else if parts.authority == nil, parts.path.prefix(while: { $0 != "/" }).contains(":") {
            // The first segment of a relative path would be parsed as a scheme (RFC 3986, section 4.2).
            return false
        }
        if let authority = parts.authority, !isAuthority(authority, isInternational) { return false }
        return has(parts.path, only: "/:@", isInternational)
            && has(parts.query ?? "", only: "/?:@", isInternational, allowsPrivate: true)
            && has(parts.fragment ?? "", only: "/?:@", isInternational)
    }

    private static func isAuthority(_ authority: Substring, _ isInternational: Bool) -> Bool {
        var host = authority
        if let at = host.lastIndex(of: "@") {
            guard has(host[..<at], only: ":", isInternational) else { return false }
            host = host[host.index(after: at)...]
        }
        if host.first == "[" {
            guard let end = host.firstIndex(of: "]") else { return false }
            let address = host[host.index(after: host.startIndex)..<end]
            let rest = host[host.index(after: end)...]
            guard rest.isEmpty || (rest.first == ":" && rest.dropFirst().utf8.allSatisfy(\.isDigit)) else {
                return false
            }
            if address.first == "v" || address.first == "V" {
                let parts = address.dropFirst().split(separator: ".", maxSplits: 1)
                guard parts.count == 2, let version = parts.first, let rest = parts.last else { return false }
                return version.utf8.allSatisfy(\.isHexadecimalDigit) && has(rest, only: ":", false)
            }
            return AddressText.isIPv6(address)
        }
        if let colon = host.lastIndex(of: ":") {
            guard host[host.index(after: colon)...].utf8.allSatisfy(\.isDigit) else { return false }
            host = host[..<colon]
        }
        return has(host, only: "", isInternational)
    }

    /// Whether `text` has only unreserved characters, sub-delimiters, escapes and `others` (RFC 3986, section 3.3).
    private static func has(
        _ text: Substring,
        only others: String,
        _ isInternational: Bool,
        allowsPrivate: Bool = false
    ) -> Bool {
        var scalars = text.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            if scalar == "%" {
                guard let high = scalars.popFirst(), let low = scalars.popFirst(), high.isASCII, low.isASCII,
                    UInt8(truncatingIfNeeded: high.value).isHexadecimalDigit,
                    UInt8(truncatingIfNeeded: low.value).isHexadecimalDigit
                else { return false }
            } else if scalar.isASCII {
                let byte = UInt8(truncatingIfNeeded: scalar.value)
                let isAllowed =
                    byte.isLetterOrDigit || "-._~!$&'()*+,;=".utf8.contains(byte) || others.utf8.contains(byte)
                if !isAllowed { return false }
            } else {
                guard isInternational, isInternationalCharacter(scalar, allowsPrivate) else { return false }
            }
        }
        return true
    }

    /// `ucschar` and, in a query, `iprivate` (RFC 3987, section 2.2).
    private static func isInternationalCharacter(_ scalar: Unicode.Scalar, _ allowsPrivate: Bool) -> Bool {
        switch scalar.value {
        case 0xA0...0xD7FF, 0xF900...0xFDCF, 0xFDF0...0xFFEF: true
        case 0xE000...0xF8FF, 0xF0000...0x10FFFD: allowsPrivate
        case 0x10000...0xEFFFD: scalar.value & 0xFFFF <= 0xFFFD && !(0xE0000...0xE0FFF).contains(scalar.value)
        default: false
        }
    }

    /// RFC 6570, section 2.
    static func isTemplate(_ text: String) -> Bool {
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "{":
                guard let end = rest.firstIndex(of: "}"), isExpression(rest[..<end]) else { return false }
                rest = rest[rest.index(after: end)...]
            case "}", "\"", "<", ">", "\\", "^", "`", "|", "\u{0}"..."\u{20}", "\u{7F}": return false
            case "%":
                guard rest.prefix(2).count == 2, rest.prefix(2).allSatisfy(\.properties.isASCIIHexDigit) else {
                    return false
                }
            default: break
            }
        }
        return true
    }

    private static func isExpression(_ expression: Substring.UnicodeScalarView.SubSequence) -> Bool {
        var expression = String(expression)[...]
        if let first = expression.first, "+#./;?&=,!@|".contains(first) { expression.removeFirst() }
        return expression.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { variable in
            var name = variable
            if name.last == "*" {
                name.removeLast()
            } else if let colon = name.firstIndex(of: ":") {
                let length = name[name.index(after: colon)...]
                guard (1...4).contains(length.utf8.count), length.utf8.allSatisfy(\.isDigit), length.first != "0" else {
                    return false
                }
                name = name[..<colon]
            }
            let parts = name.split(separator: ".", omittingEmptySubsequences: false)
            return parts.allSatisfy { part in
                !part.isEmpty && has(part, only: "", false)
                    && part.utf8.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "%") }
            }
        }
    }
}

/// The components of a URI reference, not decoded (RFC 3986, appendix B).
public struct URIParts: Hashable, Sendable {
    /// The scheme, such as `https`; nil for a relative reference.
    public var scheme: Substring?
    /// The authority between `//` and the path; nil if there is none.
    public var authority: Substring?
    /// The path, which may be empty.
    public var path: Substring
    /// The query after `?`; nil if there is none.
    public var query: Substring?
    /// The fragment after `#`; nil if there is none.
    public var fragment: Substring?

    /// Splits `text` into components; nil if it has more than one `#`.
    public init?(_ text: String) {
        var rest = text[...]
        if let hash = rest.firstIndex(of: "#") {
            fragment = rest[rest.index(after: hash)...]
            rest = rest[..<hash]
            if fragment?.contains("#") == true { return nil }
        }
        if let mark = rest.firstIndex(of: "?") {
            query = rest[rest.index(after: mark)...]
            rest = rest[..<mark]
        }
        if let colon = rest.firstIndex(of: ":"), !rest[..<colon].contains("/"), rest.utf8.first?.isLetter == true {
            scheme = rest[..<colon]
            rest = rest[rest.index(after: colon)...]
        }
        if rest.hasPrefix("//") {
            let start = rest.dropFirst(2)
            let end = start.firstIndex(of: "/") ?? start.endIndex
            authority = start[..<end]
            rest = start[end...]
        }
        path = rest
    }

    /// The reference as text.
    public var text: String {
        (scheme.map { "\($0):" } ?? "") + (authority.map { "//\($0)" } ?? "") + path + (query.map { "?\($0)" } ?? "")
            + (fragment.map { "#\($0)" } ?? "")
    }

    /// Resolves this reference against a base URI (RFC 3986, section 5.2).
    public func resolved(against base: URIParts) -> URIParts {
        var target = self
        if scheme != nil {
            target.path = Self.withoutDots(path)
            return target
        }
        target.scheme = base.scheme
        if authority != nil {
            target.path = Self.withoutDots(path)
            return target
        }
        target.authority = base.authority
        if path.isEmpty {
            target.path = base.path
            target.query = query ?? base.query
        } else if path.hasPrefix("/") {
            target.path = Self.withoutDots(path)
        } else {
            let folder = base.path.lastIndex(of: "/").map { base.path[...$0] } ?? (base.authority == nil ? "" : "/")
            target.path = Self.withoutDots(folder + path)
        }
        return target
    }

    /// Removes dot segments (RFC 3986, section 5.2.4).
    private static func withoutDots(_ path: Substring) -> Substring {
        guard path.contains(".") else { return path }
        var parts: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".": if isLast { parts.append("") }
            case "..":
                if parts.count > 1 || (parts.count == 1 && parts[0] != "") { parts.removeLast() }
                if isLast { parts.append("") }
            default: parts.append(segment)
            }
        }
        return parts.joined(separator: "/")[...]
    }
}
