// Generated from openapi.yaml. Edit that file, not this one.

public import ContractRuntime

/// — openapi.yaml#/components/schemas/Group
public struct Group: ContractModel {
    /// — openapi.yaml#/components/schemas/Group/properties/$ref
    public var ref: String
    /// — openapi.yaml#/components/schemas/Group/properties/members
    public var members: [GroupMembersItem]?

    /// Creates a value.
    public init(ref: String, members: [GroupMembersItem]? = nil) {
        self.ref = ref
        self.members = members
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case ref = "$ref"
        case members
    }
}

extension Group {
    private static let members = MemberTable(CodingKeys.self, required: [.ref])

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var ref: String?
        var members: [GroupMembersItem]?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .ref: ref = try json.string(maxLength: 10)
            case .members: members = try json.array(of: GroupMembersItem.self)
            }
        }
        json.require(Self.members, seen, at: start)
        guard let ref else { return nil }
        self.init(ref: ref, members: members)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("$ref", ref)
        json.member("members", ifPresent: members)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/Group/properties/members/items
public struct GroupMembersItem: ContractModel {
    /// — openapi.yaml#/components/schemas/Group/properties/members/items/properties/$ref
    public var ref: String?

    /// Creates a value.
    public init(ref: String? = nil) {
        self.ref = ref
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case ref = "$ref"
    }
}

extension GroupMembersItem {
    private static let members = MemberTable(CodingKeys.self)

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var ref: String?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .ref: ref = try json.string(format: .uri)
            }
        }
        json.require(Self.members, seen, at: start)
        self.init(ref: ref)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("$ref", ifPresent: ref)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/Link
public typealias Link = String
