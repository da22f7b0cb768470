/// A generated enumeration of the values in a schema.
public protocol ContractEnumeration: JSONReadable, JSONWritable, RawRepresentable, CaseIterable, Codable, Hashable,
    Sendable
where RawValue: JSONReadable & JSONWritable {}

extension ContractEnumeration {
    /// Reads a value and checks that the schema lists it.
    @inlinable
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard let raw = try RawValue(from: &json) else { return nil }
        // Swift's comparison treats canonically equivalent strings as equal.
        guard let value = Self(rawValue: raw), Self.isSame(value.rawValue, raw) else {
            json.rejectValue("\(raw)", at: start, expected: Self.allCases.map { "\($0.rawValue)" })
            return nil
        }
        self = value
    }

    @inlinable
    static func isSame(_ lhs: RawValue, _ rhs: RawValue) -> Bool {
        guard let lhs = lhs as? String, let rhs = rhs as? String else { return true }
        return lhs.utf8.elementsEqual(rhs.utf8)
    }

    @inlinable
    public func write(to json: inout JSONWriter) { rawValue.write(to: &json) }
}

/// A generated enumeration that may have values outside of the schema (`x-extensible-enum`).
public protocol OpenEnumeration: JSONReadable, JSONWritable, RawRepresentable, Codable, Hashable, Sendable
where RawValue: JSONReadable & JSONWritable {
    /// Creates a known or unknown value.
    init(rawValue: RawValue)
}

extension OpenEnumeration {
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        guard let raw = try RawValue(from: &json) else { return nil }
        self.init(rawValue: raw)
    }

    public func write(to json: inout JSONWriter) { rawValue.write(to: &json) }
}
