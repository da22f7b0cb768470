// Generated from thing.schema.json. Edit that file, not this one.

public import ContractRuntime

/// — thing.schema.json#
public struct Thing: ContractModel {
    /// — thing.schema.json#/properties/name
    public var name: String

    /// A value with these members.
    public init(
        name: String
    ) {
        self.name = name
    }

    enum CodingKeys: String, CodingKey {
        case name = "name"
    }
}

extension Thing {
    private static let memberNames = ["name"]

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var name: String?
        var seen: UInt64 = 0
        while let key = try json.nextKey() {
            switch key {
            case "name":
                try json.see(0, in: &seen)
                name = try json.string()
            default: try json.skipValue()
            }
        }
        json.require(0b1, seen: seen, of: Self.memberNames, at: start)
        guard let name else { return nil }
        self.init(
            name: name
        )
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("name", name)
        json.endObject()
    }
}
