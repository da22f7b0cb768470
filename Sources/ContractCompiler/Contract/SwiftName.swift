/// Swift's names for the contract's.
enum SwiftName {
    /// Words that are written in capitals inside a name (Swift API Design Guidelines, "Case conventions").
    private static let acronyms: Set = ["id", "url", "uri", "uuid", "json", "yaml", "http", "sql", "api", "ttl"]

    /// `bot_id` → `botID`; a keyword gets its backticks.
    static func property(_ name: String) -> String {
        let words = words(of: name)
        guard let first = words.first else { return "_" }
        let joined = first.lowercased() + words.dropFirst().map(capitalized).joined()
        return escaped(joined.first?.isNumber == true ? "_" + joined : joined)
    }

    /// `bot_page` → `BotPage`
    static func type(_ name: String) -> String {
        let joined = words(of: name).map(capitalized).joined()
        return joined.first?.isNumber == true ? "_" + joined : joined
    }

    private static func capitalized(_ word: String) -> String {
        acronyms.contains(word.lowercased()) ? word.uppercased() : word.prefix(1).uppercased() + word.dropFirst()
    }

    /// Splits at everything that is no letter or digit, and before a capital that follows a small letter. A word in
    /// capitals is written small, unless capitals are all that marks its start.
    private static func words(of name: String) -> [String] {
        var words: [String] = []
        var word = ""
        for character in name {
            if !(character.isLetter || character.isNumber) || !character.isASCII {
                words.append(word)
                word = ""
            } else if character.isUppercase, word.last?.isLowercase == true {
                words.append(word)
                word = String(character)
            } else {
                word.append(character)
            }
        }
        words.append(word)
        return words.filter { !$0.isEmpty }.map { $0.allSatisfy { !$0.isLowercase } ? $0.lowercased() : $0 }
    }

    private static func escaped(_ name: String) -> String { keywords.contains(name) ? "`\(name)`" : name }

    private static let keywords: Set = [
        "associatedtype", "class", "deinit", "enum", "extension", "fileprivate", "func", "import", "init", "inout",
        "internal", "let", "open", "operator", "private", "precedencegroup", "protocol", "public", "rethrows", "static",
        "struct", "subscript", "typealias", "var", "break", "case", "catch", "continue", "default", "defer", "do",
        "else",
        "fallthrough", "for", "guard", "if", "in", "repeat", "return", "throw", "switch", "where", "while", "Any", "as",
        "false", "is", "nil", "self", "Self", "super", "throws", "true", "try",
    ]

    /// The names that generated code uses itself, so no model may take them.
    static let reserved: Set = [
        "String", "Int", "Double", "Bool", "Array", "Optional", "Decimal", "Timestamp", "UUID", "JSONObject",
        "JSONReader",
        "JSONWriter", "JSONText", "JSONSyntaxError", "Problem", "Violation", "InvalidInput", "Request", "Response",
        "Principal",
        "ParameterReader", "PathSegments", "SecurityRequirement", "ContractModel", "Operations", "Operation",
        "PathItem", "Route", "Pattern",
        "ContractDocument", "Any", "Self", "Type", "Codable", "Hashable", "Sendable", "CodingKey", "CodingKeys",
    ]
}
