internal import Formats
internal import Patterns

/// Reads the keywords of one schema by the type of their values.
struct KeywordReader {
    private let fields: Fields
    private let resource: SchemaResource
    private let index: SchemaIndex
    var log: DiagnosticLog

    init(fields: Fields, resource: SchemaResource, dialect: Dialect, index: SchemaIndex, log: DiagnosticLog) {
        // Ignore keywords of vocabularies that the dialect does not use.
        self.fields = fields.filtered(dialect.has)
        self.resource = resource
        self.index = index
        self.log = log
    }

    subscript(keyword: String) -> Node? { fields[keyword] }

    /// The node of a string keyword. A scalar that YAML reads as another type counts as its text.
    mutating func string(_ keyword: String) -> Node? {
        guard fields[keyword] != nil, let text = fields.string(keyword, log: &log), let node = fields[keyword] else {
            return nil
        }
        return Node(value: .scalar(.init(kind: .string, text: text)), location: node.location, pointer: node.pointer)
    }

    mutating func boolean(_ keyword: String) -> Bool { fields.boolean(keyword, log: &log) ?? false }

    mutating func count(_ keyword: String) -> Int? { fields.count(keyword, log: &log) }

    mutating func list(_ keyword: String) -> [Node] { fields.list(keyword, log: &log) }

    mutating func schema(_ keyword: String) -> Schema? {
        fields[keyword].flatMap { Schema($0, in: resource, index: index, log: &log) }
    }

    mutating func schemas(_ keyword: String) -> [Schema] {
        if let node = fields[keyword], node.items?.isEmpty == true {
            log.error(.emptyList, "'\(keyword)' is empty, expected at least one schema", at: node.location)
        }
        return list(keyword).compactMap { Schema($0, in: resource, index: index, log: &log) }
    }

    mutating func map(_ keyword: String) -> [Schema.Named] {
        fields.map(keyword, log: &log).compactMap { member in
            if keyword == "patternProperties", !checkPattern(member.key, at: member.keyLocation) { return nil }
            return Schema(member.value, in: resource, index: index, log: &log).map {
                .init(name: member.key, schema: $0)
            }
        }
    }

    mutating func types() -> Set<Schema.TypeName>? {
        guard let node = fields["type"] else { return nil }
        var types: Set<Schema.TypeName> = []
        for item in node.items ?? [node] {
            // An unquoted `type: null` means the type "null".
            let text = item.scalar.map { $0.kind == .null ? "null" : $0.text }
            if let type = text.flatMap(Schema.TypeName.init) {
                if !types.insert(type).inserted {
                    log.error(.duplicateValue, "the type '\(type)' is given twice", at: item.location)
                }
                continue
            }
            let names = Schema.TypeName.allCases.map(\.rawValue)
            let found = item.scalar.map { "'\($0.text)'" } ?? item.kindDescription
            let suggestion = Suggestion.text(for: item.scalar?.text ?? "", in: names)
            log.error(
                .unknownType,
                "\(found) is not a type, expected \(names.joined(separator: ", "))\(suggestion)",
                at: item.location
            )
        }
        if node.items?.isEmpty == true {
            log.error(.emptyList, "'type' is empty, expected at least one type", at: node.location)
        }
        return types.isEmpty ? nil : types
    }

    mutating func names(_ keyword: String) -> [String] {
        guard let node = fields[keyword] else { return [] }
        if node.boolean != nil {
            // A boolean inside of the property is the notation of Swagger 1.2, and still common.
            log.strictly(
                .fieldType,
                "'\(keyword)' is a boolean, expected a list of property names in the enclosing schema",
                at: node.location
            )
            return []
        }
        return names(list(keyword), of: keyword)
    }

    private mutating func names(_ items: [Node], of keyword: String) -> [String] {
        var names: [String] = []
        for item in items {
            guard let name = item.scalar?.text else {
                log.error(
                    .fieldType,
                    "\(item.kindDescription) in '\(keyword)', expected a property name",
                    at: item.location
                )
                continue
            }
            if names.contains(name) {
                log.strictly(.duplicateValue, "'\(name)' is listed twice in '\(keyword)'", at: item.location)
            } else {
                names.append(name)
            }
        }
        return names
    }

    mutating func dependencies() -> [(name: String, others: [String])] {
        fields.map("dependentRequired", log: &log).map { member in
            if member.value.items == nil {
                log.error(
                    .fieldType,
                    "'\(member.key)' is \(member.value.kindDescription), expected a sequence",
                    at: member.value.location
                )
            }
            return (member.key, names(member.value.items ?? [], of: "dependentRequired"))
        }
    }

    /// A number in JSON notation.
    mutating func number(_ keyword: String) -> String? {
        guard let node = fields[keyword] else { return nil }
        guard let text = node.jsonNumber, let number = ExactNumber(text) else {
            let found = node.scalar.map { "'\($0.text)'" } ?? node.kindDescription
            log.error(.fieldType, "'\(keyword)' is \(found), expected a number", at: node.location)
            return nil
        }
        if keyword == "multipleOf", number <= ExactNumber(0) {
            log.error(.numberRange, "'multipleOf' is \(text), expected a number above 0", at: node.location)
            return nil
        }
        return text
    }

    mutating func pattern() -> String? {
        guard let node = string("pattern"), let source = node.string else { return nil }
        return checkPattern(source, at: node.location) ? source : nil
    }

    private mutating func checkPattern(_ source: String, at location: Location) -> Bool {
        do throws(PatternError) {
            _ = try Pattern(source)
            return true
        } catch {
            log.strictly(.pattern, "the pattern is invalid: \(error)", at: location)
            return false
        }
    }

    mutating func discriminator() -> Schema.Discriminator? {
        guard let node = fields["discriminator"],
            let discriminator = Fields(node, "a discriminator", known: ["propertyName", "mapping"], log: &log)
        else { return nil }
        guard discriminator.required("propertyName", of: "a discriminator", log: &log) != nil,
            let property = discriminator.string("propertyName", log: &log)
        else { return nil }
        return .init(node: node, property: property, mapping: discriminator.map("mapping", log: &log))
    }

    /// Records a keyword in OpenAPI 3.0 notation, which is still accepted.
    mutating func noteOldKeyword(_ keyword: String) {
        guard let location = fields.keyLocation(keyword) else { return }
        log.oldKeyword(.oldKeyword, "'\(keyword)' uses the notation of OpenAPI 3.0", at: location)
    }

    mutating func checkBounds() {
        let pairs = [
            ("minimum", "maximum"), ("exclusiveMinimum", "exclusiveMaximum"), ("minLength", "maxLength"),
            ("minItems", "maxItems"), ("minProperties", "maxProperties"), ("minContains", "maxContains"),
        ]
        for (low, high) in pairs {
            guard let least = fields[low], let most = fields[high], let leastText = least.jsonNumber,
                let mostText = most.jsonNumber, let leastValue = ExactNumber(leastText),
                let mostValue = ExactNumber(mostText), leastValue > mostValue
            else { continue }
            let note = Diagnostic.Note(message: "'\(high)' is here", location: most.location)
            log.strictly(
                .contradiction,
                "'\(low)' (\(leastText)) is above '\(high)' (\(mostText))",
                at: least.location,
                notes: [note]
            )
        }
    }
}

extension Node {
    /// The number in JSON notation, if the text is a number: `0x1F` is `31`, `.5` is `0.5`.
    package var jsonNumber: String? {
        guard let scalar, scalar.kind == .number else { return nil }
        if ExactNumber(scalar.text) != nil { return scalar.text }
        var text = Substring(scalar.text)
        let isNegative = text.first == "-"
        if isNegative || text.first == "+" { text.removeFirst() }
        if text.hasPrefix("0x") || text.hasPrefix("0o") {
            return Self.decimal(text.dropFirst(2), radix: text.hasPrefix("0x") ? 16 : 8)
        }
        let exponent = text.firstIndex { $0 == "e" || $0 == "E" } ?? text.endIndex
        var mantissa = String(text[..<exponent])
        if mantissa.hasPrefix(".") { mantissa = "0" + mantissa }
        if mantissa.hasSuffix(".") { mantissa.removeLast() }
        while mantissa.count > 1, mantissa.hasPrefix("0"), mantissa.dropFirst().first?.isNumber == true {
            mantissa.removeFirst()
        }
        let number = (isNegative ? "-" : "") + mantissa + text[exponent...]
        return ExactNumber(number) == nil ? nil : number
    }

    /// Converts digits of another base to decimal. Returns nil above 4,096 digits, because the time is quadratic.
    private static func decimal(_ text: Substring, radix: Int) -> String? {
        guard text.utf8.count <= 4_096 else { return nil }
        var digits = [0]
        for character in text {
            guard var carry = character.hexDigitValue, carry < radix else { return nil }
            for index in digits.indices {
                let value = digits[index] * radix + carry
                (digits[index], carry) = (value % 1_000_000_000, value / 1_000_000_000)
            }
            if carry > 0 { digits.append(carry) }
        }
        let rest = digits.dropLast().reversed().map { digits in
            let text = String(digits)
            return String(repeating: "0", count: 9 - text.count) + text
        }
        return String(digits.last ?? 0) + rest.joined()
    }
}
