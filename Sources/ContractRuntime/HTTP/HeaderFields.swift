/// The header fields of a message, in its order. Names are compared without regard to case (RFC 9110, section 5.1).
public struct HeaderFields: Sendable, ExpressibleByDictionaryLiteral {
    private var fields: [(name: String, value: String)]

    /// Creates header fields in this order. A name may occur more than once.
    public init(_ fields: [(name: String, value: String)] = []) {
        self.fields = fields
    }

    /// Creates header fields from their names and values.
    public init(dictionaryLiteral elements: (String, String)...) {
        fields = elements
    }

    /// The first value with this name; nil if there is none.
    public subscript(_ name: String) -> String? {
        fields.first { Self.areEqual($0.name, name) }?.value
    }

    /// All values with this name.
    public func values(of name: String) -> [String] {
        fields.filter { Self.areEqual($0.name, name) }.map(\.value)
    }

    /// Adds a field at the end.
    public mutating func add(_ name: String, _ value: String) {
        fields.append((name, value))
    }

    /// Adds `text` to the first value with this name after `separator`; without one, adds a field.
    mutating func extend(_ name: String, with text: String, separator: String) {
        if let place = fields.firstIndex(where: { Self.areEqual($0.name, name) }) {
            fields[place].value += separator + text
        } else {
            add(name, text)
        }
    }

    private static func areEqual(_ first: String, _ second: String) -> Bool {
        first.utf8.count == second.utf8.count
            && first.utf8.elementsEqual(second.utf8) { lowercase($0) == lowercase($1) }
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte
    }
}

extension HeaderFields: RandomAccessCollection {
    public var startIndex: Int { fields.startIndex }
    public var endIndex: Int { fields.endIndex }
    public subscript(position: Int) -> (name: String, value: String) { fields[position] }
}
