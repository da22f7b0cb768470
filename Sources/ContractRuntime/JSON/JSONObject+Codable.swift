extension JSONObject: Codable {
    /// Reads an object through Swift's coders, which support numbers only as `Int` and `Double`.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.singleValueContainer().decode([String: JSONValue].self)
        self.init { json in json.members(members) }
    }

    /// Writes an object through Swift's coders, which support numbers only as `Int` and `Double`.
    public func encode(to encoder: any Encoder) throws {
        try (JSONValue(bytes) ?? .null).encode(to: encoder)
    }
}
