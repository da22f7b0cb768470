#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Reads and checks an operation's parameters and body, collecting every violation of the request.
///
/// Generated code asks for each parameter and the body in turn, and throws `problem` unless all of it `isValid`.
public struct ParameterReader: ~Copyable {
    /// Where a parameter stands (OpenAPI 3.1, "Parameter Object").
    public enum Place: Sendable {
        /// The nth parameter of the path template.
        case path(Int)
        /// The query.
        case query
        /// A header field.
        case header
    }

    private let request: Request
    private let query: [(name: String, value: String)]
    private var violations: [Violation] = []

    /// A reader of `request`.
    public init(_ request: Request) {
        self.request = request
        query = Self.pairs(of: request.query)
    }

    /// Whether nothing was refused.
    public var isValid: Bool { violations.isEmpty }

    /// The 422 problem that lists what was refused.
    public var problem: Problem { Problem(InvalidInput(violations: violations)) }

    /// The JSON body; nil when it was refused.
    public mutating func body<Body: JSONReadable>(_ type: Body.Type) -> Body? {
        do throws(InvalidInput) {
            return try Body(json: request.body)
        } catch {
            violations.append(contentsOf: error.violations.prefix(Violation.limit - violations.count))
            return nil
        }
    }

    /// A string of `minLength` to `maxLength` code points in which `pattern` matches.
    public mutating func string(
        _ place: Place,
        _ name: String,
        isRequired: Bool = false,
        minLength: Int = 0,
        maxLength: Int = .max,
        pattern: Pattern? = nil
    ) -> String? {
        value(place, name, isRequired) { text in
            let length = Constraint.length(text.unicodeScalars.count, minLength, maxLength)
            if let violation = length ?? pattern.flatMap({ Constraint.pattern(text, $0) }) {
                return .failure(violation)
            }
            return .success(text)
        }
    }

    /// A whole number.
    public mutating func integer(
        _ place: Place,
        _ name: String,
        isRequired: Bool = false,
        minimum: Int = .min,
        maximum: Int = .max
    ) -> Int? {
        value(place, name, isRequired) { text in
            var text = text
            return text.withUTF8 { Constraint.integer(UnsafeRawBufferPointer($0), minimum, maximum) }
        }
    }

    /// `true` or `false`.
    public mutating func boolean(_ place: Place, _ name: String, isRequired: Bool = false) -> Bool? {
        value(place, name, isRequired) { text in
            switch text {
            case "true": .success(true)
            case "false": .success(false)
            default: .failure(Violation(pointer: "", keyword: "type", message: "\"\(text)\", expected true or false"))
            }
        }
    }

    /// A UUID in its 36-character form.
    public mutating func uuid(_ place: Place, _ name: String, isRequired: Bool = false) -> UUID? {
        value(place, name, isRequired) { text in
            var bytes = text
            guard let value = bytes.withUTF8({ UUID(text: UnsafeRawBufferPointer($0)) }) else {
                return .failure(Constraint.format(text, "a UUID"))
            }
            return .success(value)
        }
    }

    /// An RFC 3339 time with an offset.
    public mutating func timestamp(_ place: Place, _ name: String, isRequired: Bool = false) -> Timestamp? {
        value(place, name, isRequired) { text in
            guard let value = Timestamp(text) else {
                return .failure(Constraint.format(text, "an RFC 3339 time with an offset"))
            }
            return .success(value)
        }
    }

    /// One of an enumeration's values.
    public mutating func enumeration<Value: RawRepresentable<String> & CaseIterable>(
        _ place: Place,
        _ name: String,
        isRequired: Bool = false,
        as type: Value.Type
    ) -> Value? {
        value(place, name, isRequired) { text in
            guard let value = Value(rawValue: text) else {
                return .failure(Constraint.enumeration(text, Value.allCases.map(\.rawValue)))
            }
            return .success(value)
        }
    }

    private mutating func value<Value>(
        _ place: Place,
        _ name: String,
        _ isRequired: Bool,
        read: (String) -> Result<Value, Violation>
    ) -> Value? {
        let pointer = Self.pointer(place, name)
        switch text(place, name) {
        case .success(nil):
            if isRequired {
                reject(Violation(pointer: pointer, keyword: "required", message: "\"\(name)\" is missing"))
            }
            return nil
        case .success(let text?):
            switch read(text) {
            case .success(let value): return value
            case .failure(var violation):
                violation.pointer = pointer
                reject(violation)
                return nil
            }
        case .failure(var violation):
            violation.pointer = pointer
            reject(violation)
            return nil
        }
    }

    /// The parameter's decoded text; nil when it is absent.
    private func text(_ place: Place, _ name: String) -> Result<String?, Violation> {
        let values: [String]
        switch place {
        case .path(let index): values = [request.pathParameters[index]]
        case .query: values = query.filter { $0.name == name }.map(\.value)
        case .header: values = request.headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
        }
        guard let first = values.first else { return .success(nil) }
        if values.count > 1 {
            return .failure(
                Violation(pointer: "", keyword: "maxItems", message: "\"\(name)\" is given \(values.count) times")
            )
        }
        if case .header = place { return .success(first) }
        guard let text = Self.percentDecoded(first) else {
            return .failure(
                Violation(pointer: "", keyword: "format", message: "\"\(first)\" is not percent-encoded UTF-8")
            )
        }
        if text.utf8.contains(0) {
            return .failure(Violation(pointer: "", keyword: "format", message: "U+0000 cannot be stored"))
        }
        return .success(text)
    }

    private mutating func reject(_ violation: Violation) {
        if violations.count < Violation.limit { violations.append(violation) }
    }

    private static func pointer(_ place: Place, _ name: String) -> String {
        switch place {
        case .path: "/path/\(JSONLocator.escape(name))"
        case .query: "/query/\(JSONLocator.escape(name))"
        case .header: "/header/\(JSONLocator.escape(name))"
        }
    }

    /// The raw pairs of a query; names are decoded, values are not yet.
    private static func pairs(of query: String) -> [(name: String, value: String)] {
        query.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = percentDecoded(String(parts[0])) ?? String(parts[0])
            // A form writes a space as "+" (WHATWG URL, "application/x-www-form-urlencoded").
            let value = parts.count > 1 ? String(parts[1].map { $0 == "+" ? " " : $0 }) : ""
            return (name, value)
        }
    }

    /// RFC 3986, section 2.1; nil for a broken escape or bytes that are not UTF-8.
    private static func percentDecoded(_ text: String) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        var bytes: [UInt8] = []
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = iterator.next()?.hexadecimalDigit, let low = iterator.next()?.hexadecimalDigit
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
