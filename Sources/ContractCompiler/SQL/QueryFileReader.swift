/// Reads the headers of a `.sql` file and numbers the parameters. It does not parse the SQL itself; PostgreSQL does.
package struct QueryFileReader {
    private let file: SourceFile
    private var log: DiagnosticLog
    private var queries: [QueryFile.Query] = []
    private var imports: [String] = []
    private var draft = Draft()

    private struct Draft {
        var documentation: [String] = []
        var header: (name: String, cardinality: QueryFile.Cardinality, location: Location)?
        var inputs: [QueryFile.Field] = []
        var outputs: [QueryFile.Field] = []
        var sql: [(line: Int, text: String)] = []
    }

    /// The queries of `file`. Errors are added to `log`.
    package static func read(_ file: SourceFile, log: inout DiagnosticLog) -> QueryFile {
        var reader = QueryFileReader(file: file, log: log)
        let text = String(decoding: file.bytes, as: UTF8.self)
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            reader.read(String(line), number: index + 1)
        }
        reader.finish()
        if reader.queries.isEmpty {
            reader.log.error(
                .noQuery,
                "the file has no query: a query starts with a line like '-- name: listBots :many'",
                at: reader.location(1, 1)
            )
        }
        log = reader.log
        return QueryFile(file: file, queries: reader.queries, imports: reader.imports)
    }

    private init(file: SourceFile, log: DiagnosticLog) {
        self.file = file
        self.log = log
    }

    private func location(_ line: Int, _ column: Int) -> Location { Location(file: file, line: line, column: column) }

    private mutating func read(_ line: String, number: Int) {
        if let (value, column) = Self.field("name", of: line) {
            let documentation = draft.header == nil ? draft.documentation : []
            finish()
            draft.documentation = documentation
            readName(value, at: location(number, column))
        } else if let (value, column) = Self.field("import", of: line) {
            imports.append(value)
            if !value.allSatisfy({ $0.isLetter || $0.isNumber }) {
                log.error(.sqlHeader, "'\(value)' is not a module name", at: location(number, column))
            }
        } else if let (value, column) = Self.field("in", of: line) ?? Self.field("row", of: line) {
            draft.inputs += fields(value, number, column)
        } else if let (value, column) = Self.field("out", of: line) {
            draft.outputs += fields(value, number, column)
        } else if draft.header != nil {
            draft.sql.append((number, line))
        } else if line.hasPrefix("--") {
            draft.documentation.append(String(line.dropFirst(2).drop { $0 == " " }))
        } else if !line.allSatisfy(\.isWhitespace) {
            log.error(.sqlHeader, "SQL before the first '-- name:'", at: location(number, 1))
        }
    }

    /// `-- key: value` and the column where the value starts.
    private static func field(_ key: String, of line: String) -> (value: String, column: Int)? {
        guard line.hasPrefix("-- \(key):") else { return nil }
        let rest = line.dropFirst(key.count + 4)
        let value = rest.drop { $0 == " " }
        return (String(value).trimmingTrailingSpaces, key.count + 5 + rest.count - value.count)
    }

    private mutating func readName(_ text: String, at location: Location) {
        let parts = text.split(separator: " ")
        let cardinalities = QueryFile.Cardinality.allCases.map { ":\($0.rawValue)" }
        guard parts.count == 2, let name = parts.first, let suffix = parts.last, suffix.hasPrefix(":"),
            let cardinality = QueryFile.Cardinality(rawValue: String(suffix.dropFirst()))
        else {
            let suggestion = Suggestion.text(for: parts.count > 1 ? String(parts[1]) : "", in: cardinalities)
            log.error(
                .sqlHeader,
                "'\(text)' is invalid, expected a name and one of \(cardinalities.joined(separator: " "))\(suggestion)",
                at: location
            )
            draft.header = (text, .exec, location)
            return
        }
        if queries.contains(where: { $0.name == name }) {
            log.error(.duplicateName, "two queries are named '\(name)'", at: location)
        }
        draft.header = (String(name), cardinality, location)
    }

    /// `bot uuid, seen timestamptz?, mode text(RuntimeMode)`
    private mutating func fields(_ text: String, _ line: Int, _ column: Int) -> [QueryFile.Field] {
        var column = column
        var fields: [QueryFile.Field] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let place = location(line, column + part.prefix { $0 == " " }.count)
            column += part.count + 1
            let words = part.split(separator: " ")
            guard words.count == 2, let name = words.first, let type = words.last else {
                if part != text || !part.isEmpty {
                    log.error(
                        .sqlHeader,
                        "'\(words.joined(separator: " "))' is invalid, expected a name and a type",
                        at: place
                    )
                }
                continue
            }
            if let field = field(String(name), type: String(type), at: place) { fields.append(field) }
        }
        return fields
    }

    private mutating func field(_ name: String, type text: String, at place: Location) -> QueryFile.Field? {
        let isOptional = text.hasSuffix("?")
        var typeName = isOptional ? String(text.dropLast()) : text
        var enumeration: String?
        if typeName.hasSuffix(")"), let bracket = typeName.firstIndex(of: "(") {
            enumeration = String(typeName[typeName.index(after: bracket)...].dropLast())
            typeName = String(typeName[..<bracket])
        }
        guard let type = SQLType(rawValue: typeName) else {
            let names = SQLType.allCases.map(\.rawValue)
            let suggestion = Suggestion.text(for: typeName, in: names)
            log.error(
                .unknownType,
                "the type '\(typeName)' is not supported, expected one of \(names.joined(separator: ", "))\(suggestion)",
                at: place
            )
            return nil
        }
        if enumeration != nil, type != .text {
            log.error(.sqlHeader, "an enumeration must have the type text", at: place)
        }
        return QueryFile.Field(
            name: name,
            type: type,
            isOptional: isOptional,
            enumeration: enumeration,
            location: place
        )
    }

    private mutating func finish() {
        defer { draft = Draft() }
        guard let header = draft.header else { return }
        let sql = numbered()
        if sql.isEmpty { log.error(.sqlHeader, "'\(header.name)' has no SQL", at: header.location) }
        if let mistake = mistake(in: header.cardinality) {
            return log.error(.sqlHeader, "'\(header.name)' \(mistake)", at: header.location)
        }
        queries.append(
            QueryFile.Query(
                name: header.name,
                cardinality: header.cardinality,
                inputs: draft.inputs,
                outputs: draft.outputs,
                sql: sql,
                location: header.location,
                documentation: draft.documentation.isEmpty ? nil : draft.documentation.joined(separator: "\n")
            )
        )
    }

    /// The contradiction between the query's cardinality and its declaration, or between its names and the generated code.
    private func mistake(in cardinality: QueryFile.Cardinality) -> String? {
        let outputs = draft.outputs
        if draft.inputs.contains(where: { $0.name == "parameters" }) || outputs.contains(where: { $0.name == "row" }) {
            return "uses a name that is reserved for generated code: 'parameters' for an input, 'row' for a column"
        }
        switch cardinality {
        case .exec: return outputs.isEmpty ? nil : "is :exec but has an 'out:'"
        case .one, .optional, .many: return outputs.isEmpty ? "is :\(cardinality.rawValue) but lacks an 'out:'" : nil
        case .batch:
            if draft.inputs.isEmpty { return "is :batch but lacks a 'row:'" }
            if draft.inputs.contains(where: { $0.type == .textArray }) {
                return "is :batch but has an array parameter, expected scalars"
            }
            if outputs.isEmpty { return nil }
            let isAnswered =
                outputs.count == 2 && outputs[0].name == "ordinal" && outputs[0].type == .int8 && !outputs[1].isOptional
            return isAnswered
                ? nil : "is :batch but its 'out:' is invalid, expected no 'out:' or 'out: ordinal int8, <outcome>'"
        }
    }

    /// The SQL with `:name` replaced by `$1…`, except in comments and strings.
    private mutating func numbered() -> String {
        var scanner = SQLScanner(names: draft.inputs.map(\.name))
        var lines = draft.sql.map { number, line in (number, scanner.numbered(line, line: number)) }
        for unknown in scanner.unknown {
            let suggestion = Suggestion.text(for: unknown.name, in: draft.inputs.map(\.name))
            log.error(
                .undeclaredInput,
                "':\(unknown.name)' is not declared\(suggestion)",
                at: location(unknown.line, unknown.column)
            )
        }
        for field in draft.inputs where !scanner.used.contains(field.name) {
            log.error(.unusedInput, "'\(field.name)' is declared but not used", at: field.location)
        }
        while let last = lines.last, last.1.allSatisfy(\.isWhitespace) { lines.removeLast() }
        while let first = lines.first, first.1.allSatisfy(\.isWhitespace) { lines.removeFirst() }
        let text = lines.map(\.1).joined(separator: "\n").trimmingTrailingSpaces
        return text.hasSuffix(";") ? String(text.dropLast()) : text
    }
}

/// Finds named parameters in SQL text, line by line.
private struct SQLScanner {
    let names: [String]
    private(set) var used: Set<String> = []
    private(set) var unknown: [(name: String, line: Int, column: Int)] = []
    private var quote: Character?

    init(names: [String]) {
        self.names = names
    }

    mutating func numbered(_ line: String, line number: Int) -> String {
        let characters = Array(line)
        var result = ""
        var index = 0
        while index < characters.count {
            let character = characters[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if character == "-", index + 1 < characters.count, characters[index + 1] == "-" {
                return result + String(characters[index...])
            } else if character == ":", index + 1 < characters.count, characters[index + 1] == ":" {
                result += "::"
                index += 2
                continue
            } else if character == ":", index + 1 < characters.count, characters[index + 1].isLetter {
                let name = String(characters[(index + 1)...].prefix { $0.isLetter || $0.isNumber || $0 == "_" })
                result += parameter(name, number, index + 1)
                index += name.count + 1
                continue
            }
            result.append(character)
            index += 1
        }
        return result
    }

    private mutating func parameter(_ name: String, _ line: Int, _ column: Int) -> String {
        guard let position = names.firstIndex(of: name) else {
            unknown.append((name, line, column))
            return ":\(name)"
        }
        used.insert(name)
        return "$\(position + 1)"
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        var text = self
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
