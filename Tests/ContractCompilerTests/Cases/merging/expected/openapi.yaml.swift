// Generated from openapi.yaml. Edit that file, not this one.

public import ContractRuntime

/// The common properties.
///
/// — openapi.yaml#/components/schemas/Base
public struct Base: ContractModel {
    /// — openapi.yaml#/components/schemas/Base/properties/id
    public var id: String
    /// — openapi.yaml#/components/schemas/Base/properties/note
    public var note: String?

    /// Creates a value.
    public init(id: String, note: String? = nil) {
        self.id = id
        self.note = note
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case id
        case note
    }
}

extension Base {
    private static let members = MemberTable(CodingKeys.self, required: [.id])

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var id: String?
        var note: String?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .id: id = try json.string(minLength: 1)
            case .note: note = try json.string()
            }
        }
        json.require(Self.members, seen, at: start)
        guard let id else { return nil }
        self.init(id: id, note: note)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", id)
        json.member("note", ifPresent: note)
        json.endObject()
    }
}

/// The common properties.
///
/// — openapi.yaml#/components/schemas/Derived
public struct Derived: ContractModel {
    /// — openapi.yaml#/components/schemas/Derived/properties/size
    public var size: Int
    /// — openapi.yaml#/components/schemas/Base/properties/id
    public var id: String
    /// — openapi.yaml#/components/schemas/Base/properties/note
    public var note: String

    /// Creates a value.
    public init(size: Int, id: String, note: String) {
        self.size = size
        self.id = id
        self.note = note
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case size
        case id
        case note
    }
}

extension Derived {
    private static let members = MemberTable(CodingKeys.self, required: [.size, .id, .note])

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var size: Int?
        var id: String?
        var note: String?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .size: size = try json.integer(minimum: 1, maximum: 9)
            case .id: id = try json.string(minLength: 1)
            case .note: note = try json.string(maxLength: 5)
            }
        }
        json.require(Self.members, seen, at: start)
        guard let size, let id, let note else { return nil }
        self.init(size: size, id: id, note: note)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("size", size)
        json.member("id", id)
        json.member("note", note)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/Renamed
public typealias Renamed = Base

/// The common properties.
///
/// — openapi.yaml#/components/schemas/Closed
public struct Closed: ContractModel {
    /// — openapi.yaml#/components/schemas/Closed/properties/id
    public var id: String
    /// — openapi.yaml#/components/schemas/Closed/properties/note
    public var note: String?
    /// — openapi.yaml#/components/schemas/Closed/properties/extra
    public var extra: Bool

    /// Creates a value.
    public init(id: String, note: String? = nil, extra: Bool = true) {
        self.id = id
        self.note = note
        self.extra = extra
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case id
        case note
        case extra
    }
}

extension Closed {
    private static let members = MemberTable(CodingKeys.self, required: [.id], isClosed: true)

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var id: String?
        var note: String?
        var extra: Bool? = true
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .id: id = try json.string(minLength: 1)
            case .note: note = try json.string()
            case .extra: extra = try json.boolean()
            }
        }
        json.require(Self.members, seen, at: start)
        guard let id, let extra else { return nil }
        self.init(id: id, note: note, extra: extra)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", id)
        json.member("note", ifPresent: note)
        json.member("extra", extra)
        json.endObject()
    }
}

/// — openapi.yaml#/components/schemas/Bounds
public typealias Bounds = Int
