// Generated from everything.schema.json. Edit that file, not this one.

public import ContractRuntime

/// One member of each kind.
///
/// — everything.schema.json#
public struct Everything: ContractModel {
    /// — everything.schema.json#/properties/text
    public var text: String
    /// — everything.schema.json#/properties/count
    public var count: Int
    /// — everything.schema.json#/properties/ratio
    public var ratio: Double?
    /// Present, but possibly null.
    ///
    /// — everything.schema.json#/properties/maybe
    public var maybe: String?
    /// — everything.schema.json#/properties/money
    public var money: Decimal
    /// — everything.schema.json#/properties/when
    public var when: Timestamp
    /// — everything.schema.json#/properties/id
    public var id: UUID
    /// — everything.schema.json#/properties/is_on
    public var isOn: Bool
    /// — everything.schema.json#/properties/free
    public var free: JSONObject
    /// — everything.schema.json#/properties/list
    public var list: [Colour]?
    /// — everything.schema.json#/properties/colour
    public var colour: Colour?
    /// — everything.schema.json#/properties/nested
    public var nested: EverythingInner
    /// — everything.schema.json#/properties/start
    public var start: Int?
    /// — everything.schema.json#/properties/account
    public var account: String?
    /// — everything.schema.json#/properties/codes
    public var codes: [String]?
    /// — everything.schema.json#/properties/kind
    public var kind: EverythingKind

    /// Creates a value.
    public init(
        text: String,
        count: Int,
        ratio: Double? = nil,
        maybe: String?,
        money: Decimal,
        when: Timestamp,
        id: UUID,
        isOn: Bool = true,
        free: JSONObject = JSONObject.empty,
        list: [Colour]? = nil,
        colour: Colour? = nil,
        nested: EverythingInner,
        start: Int? = nil,
        account: String? = nil,
        codes: [String]? = nil,
        kind: EverythingKind = .fixed
    ) {
        self.text = text
        self.count = count
        self.ratio = ratio
        self.maybe = maybe
        self.money = money
        self.when = when
        self.id = id
        self.isOn = isOn
        self.free = free
        self.list = list
        self.colour = colour
        self.nested = nested
        self.start = start
        self.account = account
        self.codes = codes
        self.kind = kind
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case text
        case count
        case ratio
        case maybe
        case money
        case when
        case id
        case isOn = "is_on"
        case free
        case list
        case colour
        case nested
        case start
        case account
        case codes
        case kind
    }
}

extension Everything {
    private static let members = MemberTable(CodingKeys.self, required: [.text, .count, .maybe, .money, .when, .id, .nested, .kind])
    private static let accountPattern = Pattern(checked: #"^AC[0-9a-f]{4}$"#)
    private static let codesPattern = Pattern(checked: #"^\d+$"#)

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var text: String?
        var count: Int?
        var ratio: Double?
        var maybe: String?
        var money: Decimal?
        var when: Timestamp?
        var id: UUID?
        var isOn: Bool? = true
        var free: JSONObject? = JSONObject.empty
        var list: [Colour]?
        var colour: Colour?
        var nested: EverythingInner?
        var startValue: Int?
        var account: String?
        var codes: [String]?
        var kind: EverythingKind?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .text: text = try json.string(minLength: 1, maxLength: 8)
            case .count: count = try json.integer(minimum: -1, maximum: 10)
            case .ratio: ratio = try json.number(minimum: 0, maximum: 1.5)
            case .maybe: maybe = try json.skipNull() ? nil : try json.string()
            case .money: money = try json.decimal(minimum: Decimal(checked: "0.1"))
            case .when: when = try json.timestamp()
            case .id: id = try json.uuid()
            case .isOn: isOn = try json.boolean()
            case .free: free = try json.object()
            case .list: list = try json.array(of: Colour.self, minItems: 1, maxItems: 3)
            case .colour: colour = try json.skipNull() ? nil : try Colour(from: &json)
            case .nested: nested = try EverythingInner(from: &json)
            case .start: startValue = try json.integer()
            case .account: account = try json.string(pattern: Self.accountPattern)
            case .codes: codes = try json.array { (json) throws(JSONSyntaxError) -> String? in
                    try json.string(maxLength: 9, pattern: Self.codesPattern)
                }
            case .kind: kind = try EverythingKind(from: &json)
            }
        }
        json.require(Self.members, seen, at: start)
        guard let text, let count, let money, let when, let id, let isOn, let free, let nested, let kind else { return nil }
        self.init(
            text: text,
            count: count,
            ratio: ratio,
            maybe: maybe,
            money: money,
            when: when,
            id: id,
            isOn: isOn,
            free: free,
            list: list,
            colour: colour,
            nested: nested,
            start: startValue,
            account: account,
            codes: codes,
            kind: kind
        )
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("text", text)
        json.member("count", count)
        json.member("ratio", ifPresent: ratio)
        json.member("maybe", maybe)
        json.member("money", money)
        json.member("when", when)
        json.member("id", id)
        json.member("is_on", isOn)
        json.member("free", free)
        json.member("list", ifPresent: list)
        json.member("colour", ifPresent: colour)
        json.member("nested", nested)
        json.member("start", ifPresent: start)
        json.member("account", ifPresent: account)
        json.member("codes", ifPresent: codes)
        json.member("kind", kind)
        json.endObject()
    }
}

/// — everything.schema.json#/$defs/inner
public struct EverythingInner: ContractModel {
    /// — everything.schema.json#/$defs/inner/properties/url
    public var url: String?

    /// Creates a value.
    public init(url: String? = nil) {
        self.url = url
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case url
    }
}

extension EverythingInner {
    private static let members = MemberTable(CodingKeys.self, isClosed: true)

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var url: String?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .url: url = try json.string()
            }
        }
        json.require(Self.members, seen, at: start)
        self.init(url: url)
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("url", ifPresent: url)
        json.endObject()
    }
}

/// — everything.schema.json#/properties/kind
public enum EverythingKind: String, ContractEnumeration {
    case fixed
}
