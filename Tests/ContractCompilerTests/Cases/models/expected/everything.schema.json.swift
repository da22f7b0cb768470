// Generated from everything.schema.json. Edit that file, not this one.

public import ContractRuntime

/// — everything.schema.json#/$defs/inner
public struct EverythingInner: ContractModel {
    /// — everything.schema.json#/$defs/inner/properties/url
    public var url: String?

    /// A value with these members.
    public init(
        url: String? = nil
    ) {
        self.url = url
    }

    enum CodingKeys: String, CodingKey {
        case url = "url"
    }
}

extension EverythingInner {
    private static let memberNames = ["url"]

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var url: String?
        var seen: UInt64 = 0
        while let key = try json.nextKey() {
            switch key {
            case "url":
                try json.see(0, in: &seen)
                url = try json.string()
            default: try json.rejectMember(key)
            }
        }
        json.require(0b0, seen: seen, of: Self.memberNames, at: start)
        self.init(
            url: url
        )
    }

    /// Writes the members in the order of the schema.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("url", ifPresent: url)
        json.endObject()
    }
}

/// — everything.schema.json#/properties/kind
public enum EverythingKind: String, ContractModel, CaseIterable {
    case fixed = "fixed"

    /// Reads and validates one value.
    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard let text = try json.text() else { return nil }
        switch text {
        case "fixed": self = .fixed
        default:
            json.rejectValue(text, at: start, expected: Self.allCases.map(\.rawValue))
            return nil
        }
    }

    /// Writes the value as a string.
    public func write(to json: inout JSONWriter) {
        json.string(rawValue)
    }
}

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
    /// There, and perhaps null.
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

    /// A value with these members.
    public init(
        text: String,
        count: Int,
        ratio: Double? = nil,
        maybe: String?,
        money: Decimal,
        when: Timestamp,
        id: UUID,
        isOn: Bool = true,
        free: JSONObject = .empty,
        list: [Colour]? = nil,
        colour: Colour? = nil,
        nested: EverythingInner,
        start: Int? = nil,
        account: String? = nil,
        codes: [String]? = nil,
        kind: EverythingKind
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

    enum CodingKeys: String, CodingKey {
        case text = "text"
        case count = "count"
        case ratio = "ratio"
        case maybe = "maybe"
        case money = "money"
        case when = "when"
        case id = "id"
        case isOn = "is_on"
        case free = "free"
        case list = "list"
        case colour = "colour"
        case nested = "nested"
        case start = "start"
        case account = "account"
        case codes = "codes"
        case kind = "kind"
    }
}

extension Everything {
    private static let memberNames = ["text", "count", "ratio", "maybe", "money", "when", "id", "is_on", "free", "list", "colour", "nested", "start", "account", "codes", "kind"]
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
        var seen: UInt64 = 0
        while let key = try json.nextKey() {
            switch key {
            case "text":
                try json.see(0, in: &seen)
                text = try json.string(minLength: 1, maxLength: 8)
            case "count":
                try json.see(1, in: &seen)
                count = try json.integer(minimum: -1, maximum: 10)
            case "ratio":
                try json.see(2, in: &seen)
                ratio = try json.number(minimum: 0, maximum: 1.5)
            case "maybe":
                try json.see(3, in: &seen)
                maybe = try json.skipNull() ? nil : try json.string()
            case "money":
                try json.see(4, in: &seen)
                money = try json.decimal(minimum: Decimal("0.1"))
            case "when":
                try json.see(5, in: &seen)
                when = try json.timestamp()
            case "id":
                try json.see(6, in: &seen)
                id = try json.uuid()
            case "is_on":
                try json.see(7, in: &seen)
                isOn = try json.boolean()
            case "free":
                try json.see(8, in: &seen)
                free = try json.object()
            case "list":
                try json.see(9, in: &seen)
                list = try json.array(minItems: 1, maxItems: 3) { (json: inout JSONReader) throws(JSONSyntaxError) in
                    try Colour(from: &json)
                }
            case "colour":
                try json.see(10, in: &seen)
                colour = try json.skipNull() ? nil : try Colour(from: &json)
            case "nested":
                try json.see(11, in: &seen)
                nested = try EverythingInner(from: &json)
            case "start":
                try json.see(12, in: &seen)
                startValue = try json.integer()
            case "account":
                try json.see(13, in: &seen)
                account = try json.string(pattern: Self.accountPattern)
            case "codes":
                try json.see(14, in: &seen)
                codes = try json.array { (json: inout JSONReader) throws(JSONSyntaxError) in
                    try json.string(maxLength: 9, pattern: Self.codesPattern)
                }
            case "kind":
                try json.see(15, in: &seen)
                kind = try EverythingKind(from: &json)
            default: try json.skipValue()
            }
        }
        json.require(0b1000100001111011, seen: seen, of: Self.memberNames, at: start)
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
        json.member("colour", colour)
        json.member("nested", nested)
        json.member("start", ifPresent: start)
        json.member("account", ifPresent: account)
        json.member("codes", ifPresent: codes)
        json.member("kind", kind)
        json.endObject()
    }
}
