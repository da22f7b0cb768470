/// Reads the headers of `.sql` files and numbers the parameters. It does not parse the SQL itself; PostgreSQL does.
package struct QueryFileReader {
    private let file: SourceFile
    /// The types of all files, by name.
    private let types: [String: QueryFile.RowType]
    private var log: DiagnosticLog

    /// The queries of `files`, which may use each other's types. Errors are added to `log`.
    package static func read(_ files: [SourceFile], log: inout DiagnosticLog) -> [QueryFile] {
        let parts = files.map { QuerySectionReader($0, log: &log) }
        var types: [String: QueryFile.RowType] = [:]
        let declared = zip(files, parts).map { file, part in
            var reader = QueryFileReader(file: file, types: [:], log: log)
            let own = part.sections.filter { $0.kind == .type }.map { reader.type($0) }
            log = reader.log
            for type in own {
                if types.updateValue(type, forKey: type.name) == nil { continue }
                log.error(.duplicateName, "two types are named '\(type.name)'", at: type.location)
            }
            return own
        }
        return zip(zip(files, parts), declared).map { part, own in
            var reader = QueryFileReader(file: part.0, types: types, log: log)
            let queries = reader.queries(part.1.sections)
            log = reader.log
            if queries.isEmpty && own.isEmpty {
                log.error(
                    .noQuery,
                    "the file has no query: a query starts with a line like '-- name: listBots :many'",
                    at: Location(file: part.0, line: 1, column: 1)
                )
            }
            return QueryFile(file: part.0, queries: queries, types: own, imports: part.1.imports)
        }
    }

    private init(file: SourceFile, types: [String: QueryFile.RowType], log: DiagnosticLog) {
        self.file = file
        self.types = types
        self.log = log
    }

    // MARK: - Types

    private mutating func type(_ section: QuerySection) -> QueryFile.RowType {
        let name = section.title.text
        let columns = section.outputs.flatMap { fields($0) }
        if !Self.isTypeName(name) {
            log.error(
                .sqlHeader,
                "'\(name)' is not a type name, expected a name like BotRow",
                at: section.title.location
            )
        } else if let mistake = Self.mistake(in: section, columns) {
            log.error(.sqlHeader, "'\(name)' \(mistake)", at: section.title.location)
        }
        return QueryFile.RowType(
            name: name,
            columns: columns,
            location: section.title.location,
            documentation: section.documentationText
        )
    }

    private static func mistake(in type: QuerySection, _ columns: [QueryFile.Field]) -> String? {
        if !type.inputs.isEmpty { return "is a type but has an 'in:'" }
        if type.outputs.isEmpty { return "is a type but lacks an 'out:'" }
        if type.lines.contains(where: { !$0.text.hasPrefix("--") && !$0.text.allSatisfy(\.isWhitespace) }) {
            return "is a type but has SQL"
        }
        let isReserved = columns.contains { ["row", "column"].contains($0.name) }
        return isReserved ? "uses a name that is reserved for generated code: 'row' or 'column'" : nil
    }

    /// Whether the text names a type of rows. The names of PostgreSQL's types start with a small letter.
    private static func isTypeName(_ text: some StringProtocol) -> Bool {
        text.first?.isUppercase == true && text.allSatisfy { $0.isLetter || $0.isNumber }
    }

    // MARK: - Queries

    private mutating func queries(_ sections: [QuerySection]) -> [QueryFile.Query] {
        var queries: [QueryFile.Query] = []
        var names: Set<String> = []
        for section in sections where section.kind == .query {
            let title = section.title
            let (name, cardinality) = readName(title)
            if !names.insert(name).inserted {
                log.error(.duplicateName, "two queries are named '\(name)'", at: title.location)
            }
            let inputs = section.inputs.flatMap { fields($0) }
            let outputs = section.outputs.flatMap { self.outputs($0) }
            let sql = numbered(section.lines, inputs)
            if sql.isEmpty { log.error(.sqlHeader, "'\(name)' has no SQL", at: title.location) }
            if let mistake = Self.mistake(in: cardinality, inputs, outputs) {
                log.error(.sqlHeader, "'\(name)' \(mistake)", at: title.location)
                continue
            }
            queries.append(
                QueryFile.Query(
                    name: name,
                    cardinality: cardinality,
                    inputs: inputs,
                    outputs: outputs,
                    sql: sql,
                    location: title.location,
                    documentation: section.documentationText
                )
            )
        }
        return queries
    }

    private mutating func readName(_ title: QuerySection.Entry) -> (String, QueryFile.Cardinality) {
        let parts = title.text.split(separator: " ")
        let cardinalities = QueryFile.Cardinality.allCases.map { ":\($0.rawValue)" }
        guard parts.count == 2, let name = parts.first, let suffix = parts.last, suffix.hasPrefix(":"),
            let cardinality = QueryFile.Cardinality(rawValue: String(suffix.dropFirst()))
        else {
            let suggestion = Suggestion.text(for: parts.count > 1 ? String(parts[1]) : "", in: cardinalities)
            log.error(
                .sqlHeader,
                "'\(title.text)' is invalid, expected a name and one of \(cardinalities.joined(separator: " "))\(suggestion)",
                at: title.location
            )
            return (title.text, .exec)
        }
        return (String(name), cardinality)
    }

    /// The contradiction between the query's cardinality and its declaration, or between its names and the generated code.
    private static func mistake(
        in cardinality: QueryFile.Cardinality,
        _ inputs: [QueryFile.Field],
        _ outputs: [QueryFile.Output]
    ) -> String? {
        if inputs.contains(where: { $0.name == "parameters" }) || outputs.contains(where: { $0.name == "row" }) {
            return "uses a name that is reserved for generated code: 'parameters' for an input, 'row' for a column"
        }
        if outputs.count > 1, let unnamed = outputs.first(where: { $0.name == nil }) {
            return "lacks a name for '\(unnamed.typeName)' beside other columns"
        }
        switch cardinality {
        case .exec: return outputs.isEmpty ? nil : "is :exec but has an 'out:'"
        case .one, .optional, .many: return outputs.isEmpty ? "is :\(cardinality.rawValue) but lacks an 'out:'" : nil
        case .batch:
            if inputs.isEmpty { return "is :batch but lacks a 'row:'" }
            if inputs.contains(where: { $0.type == .textArray }) {
                return "is :batch but has an array parameter, expected scalars"
            }
            if outputs.isEmpty { return nil }
            if outputs.count == 2, case .column(let ordinal) = outputs[0], case .column(let outcome) = outputs[1],
                ordinal.name == "ordinal", ordinal.type == .int8, !outcome.isOptional
            {
                return nil
            }
            return "is :batch but its 'out:' is invalid, expected no 'out:' or 'out: ordinal int8, <outcome>'"
        }
    }

    // MARK: - Fields

    /// `bot_id text, seen timestamptz?`, `CommandRow` or `command CommandRow, is_new bool`
    private mutating func outputs(_ entry: QuerySection.Entry) -> [QueryFile.Output] {
        parts(of: entry).compactMap { words, location in
            guard words.count <= 2, let type = words.last, Self.isTypeName(type) else {
                return field(words, at: location).map { .column($0) }
            }
            guard let row = types[type] else {
                let suggestion = Suggestion.text(for: type, in: types.keys.sorted())
                log.error(.unknownType, "no '-- type:' declares '\(type)'\(suggestion)", at: location)
                return nil
            }
            return .row(row, name: words.count == 2 ? words.first : nil, location: location)
        }
    }

    /// `bot uuid, seen timestamptz?, mode text(RuntimeMode)`
    private mutating func fields(_ entry: QuerySection.Entry) -> [QueryFile.Field] {
        parts(of: entry).compactMap { words, location in field(words, at: location) }
    }

    private func parts(of entry: QuerySection.Entry) -> [(words: [String], location: Location)] {
        if entry.text.isEmpty { return [] }
        var column = entry.location.column
        return entry.text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            let location = Location(
                file: file,
                line: entry.location.line,
                column: column + part.prefix { $0 == " " }.count
            )
            column += part.count + 1
            return (part.split(separator: " ").map(String.init), location)
        }
    }

    private mutating func field(_ words: [String], at location: Location) -> QueryFile.Field? {
        guard words.count == 2, let name = words.first, let text = words.last else {
            log.error(
                .sqlHeader,
                "'\(words.joined(separator: " "))' is invalid, expected a name and a type",
                at: location
            )
            return nil
        }
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
                at: location
            )
            return nil
        }
        if enumeration != nil, type != .text {
            log.error(.sqlHeader, "an enumeration must have the type text", at: location)
        }
        return QueryFile.Field(
            name: name,
            type: type,
            isOptional: isOptional,
            enumeration: enumeration,
            location: location
        )
    }

    // MARK: - SQL

    /// The SQL with `:name` replaced by `$1…`, except in comments and strings.
    private mutating func numbered(_ lines: [(number: Int, text: String)], _ inputs: [QueryFile.Field]) -> String {
        var scanner = SQLScanner(names: inputs.map(\.name))
        var lines = lines.map { number, line in scanner.numbered(line, line: number) }
        for unknown in scanner.unknown {
            let suggestion = Suggestion.text(for: unknown.name, in: inputs.map(\.name))
            log.error(
                .undeclaredInput,
                "':\(unknown.name)' is not declared\(suggestion)",
                at: Location(file: file, line: unknown.line, column: unknown.column)
            )
        }
        for field in inputs where !scanner.used.contains(field.name) {
            log.error(.unusedInput, "'\(field.name)' is declared but not used", at: field.location)
        }
        while let last = lines.last, last.allSatisfy(\.isWhitespace) { lines.removeLast() }
        while let first = lines.first, first.allSatisfy(\.isWhitespace) { lines.removeFirst() }
        let text = lines.joined(separator: "\n").trimmingTrailingSpaces
        return text.hasSuffix(";") ? String(text.dropLast()) : text
    }
}

extension QuerySection {
    fileprivate var documentationText: String? {
        documentation.isEmpty ? nil : documentation.joined(separator: "\n")
    }
}
