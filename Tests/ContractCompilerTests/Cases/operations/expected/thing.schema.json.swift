// Generated from thing.schema.json. Edit that file, not this one.

public import ContractRuntime

/// — thing.schema.json#
public struct Thing: ContractModel {
    /// — thing.schema.json#/properties/name
    public var name: String

    /// Creates a value.
    public init(name: String) {
        self.name = name
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case name
    }
}

extension Thing {
    private static let members = MemberTable(CodingKeys.self, required: [.name])

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var nameValue: String?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .name: nameValue = try json.string()
            }
        }
        json.require(Self.members, seen, at: start)
        guard let nameValue else { return nil }
        self.init(name: nameValue)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("name", name)
        json.endObject()
    }
}
