/// Converts names of the contract to Swift names.
enum SwiftName {
    /// Words that are capitalised inside a name (Swift API Design Guidelines, "Case conventions").
    private static let acronyms: Set = ["id", "url", "uri", "uuid", "json", "yaml", "http", "sql", "api", "ttl"]

    /// `bot_id` → `botID`. A keyword gets backticks.
    static func property(_ name: String) -> String { escaped(camelCase(name)) }

    /// `bot_id` → `botID`
    static func camelCase(_ name: String) -> String {
        let words = words(of: name)
        guard let first = words.first else { return name.isEmpty ? "empty" : symbols(name) ?? "member" }
        let joined = first.lowercased() + words.dropFirst().map(capitalized).joined()
        return joined.first?.isNumber == true ? "_" + joined : joined
    }

    /// `bot_page` → `BotPage`
    static func type(_ name: String) -> String {
        let joined = words(of: name).map(capitalized).joined()
        return joined.first?.isNumber == true ? "_" + joined : joined
    }

    /// The name of a schema that is the target of a reference: the file's name, followed by the names on the path to it.
    static func schema(at node: Node) -> String {
        let file = node.location.file.path.split(separator: "/").last.map(String.init) ?? ""
        let skipped: Set = [
            "components", "schemas", "properties", "items", "allOf", "anyOf", "oneOf", "$defs", "definitions", "schema",
            "content", "paths", "not",
        ]
        let words = node.pointer.split(separator: "/").map { JSONPointer.unescape(String($0)) }.filter {
            !skipped.contains($0)
        }
        let path = words.map(type).joined()
        guard file.hasSuffix(".schema.json") else {
            return path.isEmpty ? type(file.split(separator: ".").first.map(String.init) ?? "Schema") : path
        }
        return type(String(file.dropLast(".schema.json".count))) + path
    }

    /// The name of an enumeration case. `-1` and `+1` get different names.
    static func enumerationCase(_ value: String) -> String {
        guard let first = value.first, value.dropFirst().first?.isNumber == true, let word = symbolNames[first] else {
            return property(value)
        }
        return word + property(String(value.dropFirst())).drop { $0 == "_" }.prefix(1).uppercased()
            + property(String(value.dropFirst())).drop { $0 == "_" }.dropFirst()
    }

    /// Symbols as words: `<=` → `lessThanEquals`
    private static func symbols(_ name: String) -> String? {
        guard let words = symbolWords(of: name), let first = words.first else { return nil }
        return first + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    /// Symbols as words, if the name has nothing else.
    static func symbolWords(of name: String) -> [String]? {
        let words = name.compactMap { symbolNames[$0] }
        return words.isEmpty || words.count < name.count ? nil : words
    }

    private static let symbolNames: [Character: String] = [
        "+": "plus", "-": "minus", "=": "equals", "<": "lessThan", ">": "greaterThan", "!": "not", "*": "asterisk",
        "/": "slash", "%": "percent", "&": "and", "|": "or", "@": "at", "#": "hash", "$": "dollar", "^": "caret",
        "~": "tilde", "?": "question", ".": "dot", ",": "comma", ":": "colon", ";": "semicolon", " ": "space",
        "_": "underscore",
    ]

    /// A type name that does not collide with names that generated code uses.
    static func unreserved(_ name: String) -> String {
        let name = name.isEmpty ? "Value" : name
        return reserved.contains(name) ? name + "Model" : name
    }

    /// A name that is not in `names`, with a number if necessary. It is added to `names`.
    static func distinct(_ name: String, _ names: inout Set<String>) -> String {
        let distinct = numbered(name) { names.contains($0) }
        names.insert(distinct)
        return distinct
    }

    /// The name, with a number if it is taken. Binary search finds the number, because thousands of types may want one name.
    static func numbered(_ name: String, isTaken: (String) -> Bool) -> String {
        guard isTaken(name) else { return name }
        let base = name.filter { $0 != "`" }
        var (last, free) = (1, 2)
        while isTaken("\(base)\(free)") { (last, free) = (free, free * 2) }
        while free - last > 1 {
            let middle = (last + free) / 2
            if isTaken("\(base)\(middle)") { last = middle } else { free = middle }
        }
        return "\(base)\(free)"
    }

    private static func capitalized(_ word: String) -> String {
        // Plurals of these words: `instanceIDs`.
        if word.last == "s", acronyms.contains(word.dropLast().lowercased()) {
            return word.dropLast().uppercased() + "s"
        }
        return acronyms.contains(word.lowercased()) ? word.uppercased() : word.prefix(1).uppercased() + word.dropFirst()
    }

    /// Splits at every character that is not a letter or digit, and before a capital that follows a lower-case letter. A word in
    /// capitals becomes lower case, unless the capital is the only sign of its start.
    static func words(of name: String) -> [String] {
        var words: [String] = []
        var word = ""
        for character in name {
            if !character.unicodeScalars.allSatisfy(\.properties.isXIDContinue) || character == "_" {
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

    /// The name with backticks if it is a keyword, and changed if it means something else after a dot.
    static func escaped(_ name: String) -> String {
        // These have a meaning after a dot or for the protocols of generated types.
        if ["self", "Self", "init", "Type", "Protocol", "hashValue", "allCases"].contains(name) {
            return name + "Value"
        }
        return keywords.contains(name) ? "`\(name)`" : name
    }

    /// A name as an argument label, where only three keywords need backticks.
    static func label(_ name: String) -> String {
        let plain = name.filter { $0 != "`" }
        return ["inout", "var", "let"].contains(plain) ? name : plain
    }

    private static let keywords: Set = [
        "associatedtype", "class", "deinit", "enum", "extension", "fileprivate", "func", "import", "init", "inout",
        "internal", "let", "open", "operator", "private", "precedencegroup", "protocol", "public", "rethrows", "static",
        "struct", "subscript", "typealias", "var", "break", "case", "catch", "continue", "default", "defer", "do",
        "else",
        "fallthrough", "for", "guard", "if", "in", "repeat", "return", "throw", "switch", "where", "while", "Any", "as",
        "false", "is", "nil", "self", "Self", "super", "throws", "true", "try",
    ]

    /// Names that generated code uses, which models must not take.
    static let reserved: Set = [
        "String", "Int", "Double", "Bool", "Array", "Optional", "Decimal", "Timestamp", "UUID", "JSONObject",
        "JSONReader",
        "JSONWriter", "JSONText", "JSONSyntaxError", "Problem", "Violation", "InvalidInput", "Request", "Response",
        "Principal",
        "ParameterReader", "PathSegments", "SecurityRequirement", "ContractModel", "Operations", "Operation",
        "PathItem", "Route", "RoutedInput", "Pattern", "JSONValue", "JSONNull", "JSONWritable", "JSONReadable",
        "MemberTable",
        "SeenMembers", "SegmentTable", "Rule", "Rules", "CalendarDate", "Bytes", "Client", "Transport", "Set",
        "Dictionary",
        "Character",
        "ContractEnumeration", "OpenEnumeration", "ContractOperation", "ResponseValidation", "OperationInput",
        "OperationOutput",
        "ClientResponse",
        "MessageBody", "ByteStream", "SecurityScheme", "ParameterDescription", "TextShape", "JSONType",
        "JSONDirection",
        "PathParameter", "ContractExample", "ContractExamples", "Indirect", "ClientRequest", "FilePart", "JSONLines",
        "ServerEvents",
        "ServerEvent", "Error", "Never", "Result", "Task", "Equatable", "Identifiable", "Encoder", "Decoder", "Data",
        "Swift",
        "ContractRuntime", "Protocol", "Void", "Float", "Format", "MediaType", "BodyStream", "Comparable",
        "CaseIterable",
        "RawRepresentable", "ParameterWriter", "ResponseHeaders", "UnexpectedResponse", "StaticString", "Bytes",
        "Collection",
        "ContractDocument", "Any", "Self", "Type", "Codable", "Hashable", "Sendable", "CodingKey", "CodingKeys",
    ]
}
