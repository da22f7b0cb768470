/// A part of a `.sql` file: a query or a type, with the text of its header.
struct QuerySection {
    enum Kind {
        case query, type
    }

    /// The value of a header line.
    struct Entry {
        let text: String
        let location: Location
    }

    let kind: Kind
    let title: Entry
    let documentation: [String]
    fileprivate(set) var inputs: [Entry] = []
    fileprivate(set) var outputs: [Entry] = []
    /// The lines below the header.
    fileprivate(set) var lines: [(number: Int, text: String)] = []
}

/// Splits a `.sql` file into its queries and types. It does not parse the SQL itself; PostgreSQL does.
struct QuerySectionReader {
    private(set) var sections: [QuerySection] = []
    private(set) var imports: [String] = []
    private let file: SourceFile
    private var current: QuerySection?
    /// The comment lines directly above the current line.
    private var comment: [(number: Int, text: String)] = []

    init(_ file: SourceFile, log: inout DiagnosticLog) {
        self.file = file
        let text = String(decoding: file.bytes, as: UTF8.self)
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            read(String(line), number: index + 1, log: &log)
        }
        finish()
    }

    private mutating func read(_ line: String, number: Int, log: inout DiagnosticLog) {
        if let title = entry("name", line, number) {
            start(.query, title)
        } else if let title = entry("type", line, number) {
            start(.type, title)
        } else if let module = entry("import", line, number) {
            imports.append(module.text)
            if !module.text.allSatisfy({ $0.isLetter || $0.isNumber }) {
                log.error(.sqlHeader, "'\(module.text)' is not a module name", at: module.location)
            }
        } else if let input = entry("in", line, number) ?? entry("row", line, number) {
            current?.inputs.append(input)
        } else if let output = entry("out", line, number) {
            current?.outputs.append(output)
        } else if line.hasPrefix("--") {
            comment.append((number, line))
        } else {
            current?.lines += comment + [(number, line)]
            comment = []
            if current == nil, !line.allSatisfy(\.isWhitespace) {
                log.error(
                    .sqlHeader,
                    "SQL before the first '-- name:'",
                    at: Location(file: file, line: number, column: 1)
                )
            }
        }
    }

    /// The value of the line if it starts with `-- key:`.
    private func entry(_ key: String, _ line: String, _ number: Int) -> QuerySection.Entry? {
        guard line.hasPrefix("-- \(key):") else { return nil }
        let rest = line.dropFirst(key.count + 4)
        let value = rest.drop { $0 == " " }
        return QuerySection.Entry(
            text: String(value).trimmingTrailingSpaces,
            location: Location(file: file, line: number, column: key.count + 5 + rest.count - value.count)
        )
    }

    /// The comment above the first line of a header documents the query or the type.
    private mutating func start(_ kind: QuerySection.Kind, _ title: QuerySection.Entry) {
        let documentation = comment.map { String($0.text.dropFirst(2).drop { $0 == " " }) }
        comment = []
        finish()
        current = QuerySection(kind: kind, title: title, documentation: documentation)
    }

    private mutating func finish() {
        guard var section = current else { return }
        section.lines += comment
        sections.append(section)
        current = nil
    }
}

extension String {
    var trimmingTrailingSpaces: String {
        var text = self
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
