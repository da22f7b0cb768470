// Generated from openapi.yaml. Edit that file, not this one.

public import ContractRuntime

/// — openapi.yaml#/components/schemas/Tree
public struct Tree: ContractModel {
    /// — openapi.yaml#/components/schemas/Tree/properties/name
    public var name: String
    /// — openapi.yaml#/components/schemas/Tree/properties/kids
    public var kids: [Tree]?

    /// Creates a value.
    public init(name: String, kids: [Tree]? = nil) {
        self.name = name
        self.kids = kids
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case name
        case kids
    }
}

extension Tree {
    private static let members = MemberTable(CodingKeys.self, required: [.name])

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var nameValue: String?
        var kids: [Tree]?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .name: nameValue = try json.string(minLength: 1)
            case .kids: kids = try json.array(of: Tree.self)
            }
        }
        json.require(Self.members, seen, at: start)
        guard let nameValue else { return nil }
        self.init(name: nameValue, kids: kids)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("name", name)
        json.member("kids", ifPresent: kids)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/Node
public struct Node: ContractModel {
    /// — openapi.yaml#/components/schemas/Node/properties/next
    public var next: NodeNext?

    /// Creates a value.
    public init(next: NodeNext? = nil) {
        self.next = next
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case next
    }
}

extension Node {
    private static let members = MemberTable(CodingKeys.self)

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var next: NodeNext?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .next: next = try NodeNext(from: &json)
            }
        }
        json.require(Self.members, seen, at: start)
        self.init(next: next)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("next", ifPresent: next)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/Node/properties/next
public struct NodeNext: ContractModel {
    /// — openapi.yaml#/components/schemas/Node/properties/next/properties/label
    public var label: String?
    /// — openapi.yaml#/components/schemas/Node/properties/next
    @Indirect public var next: NodeNext?

    /// Creates a value.
    public init(label: String? = nil, next: NodeNext? = nil) {
        self.label = label
        self.next = next
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case label
        case next
    }
}

extension NodeNext {
    private static let members = MemberTable(CodingKeys.self)

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var label: String?
        var next: NodeNext?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .label: label = try json.string()
            case .next: next = try NodeNext(from: &json)
            }
        }
        json.require(Self.members, seen, at: start)
        self.init(label: label, next: next)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("label", ifPresent: label)
        json.member("next", ifPresent: next)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/Nest
public struct Nest: ContractModel {
    /// — openapi.yaml#/components/schemas/Nest/properties/lists
    public var lists: [[NestListsItemItem]]?

    /// Creates a value.
    public init(lists: [[NestListsItemItem]]? = nil) {
        self.lists = lists
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case lists
    }
}

extension Nest {
    private static let members = MemberTable(CodingKeys.self)

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var lists: [[NestListsItemItem]]?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .lists: lists = try json.array { (json) throws(JSONSyntaxError) -> [NestListsItemItem]? in
                    try json.array(of: NestListsItemItem.self)
                }
            }
        }
        json.require(Self.members, seen, at: start)
        self.init(lists: lists)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("lists", ifPresent: lists)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/Lists/items
public struct NestListsItemItem: ContractModel {
    /// The value, which may contain values of this type.
    public var value: [NestListsItemItem]

    /// Wraps a value.
    public init(_ value: [NestListsItemItem]) {
        self.value = value
    }
}

extension NestListsItemItem {
    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        guard let value = try json.array(of: NestListsItemItem.self, minItems: 1) else { return nil }
        self.init(value)
    }

    /// Writes the value.
    public func write(to json: inout JSONWriter) {
        value.write(to: &json)
    }
}

/// — openapi.yaml#/components/schemas/Lists/items
public struct ListsItem: ContractModel {
    /// The value, which may contain values of this type.
    public var value: [ListsItem]

    /// Wraps a value.
    public init(_ value: [ListsItem]) {
        self.value = value
    }
}

extension ListsItem {
    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        guard let value = try json.array(of: ListsItem.self, minItems: 1) else { return nil }
        self.init(value)
    }

    /// Writes the value.
    public func write(to json: inout JSONWriter) {
        value.write(to: &json)
    }
}

/// — openapi.yaml#/components/schemas/Lists
public typealias Lists = [ListsItem]
