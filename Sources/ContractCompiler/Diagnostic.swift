/// An error, warning or note about a contract.
package struct Diagnostic: Sendable {
    /// The severity.
    package enum Severity: String, Sendable {
        case note
        case warning
        case error
    }

    /// The kind of diagnostic. The raw value stays the same when messages change.
    package enum Code: String, Sendable, CaseIterable {
        case aliasExpansion = "alias-expansion"
        case ambiguousPath = "ambiguous-path"
        case circularReference = "circular-reference"
        case contradiction
        case decimalBound = "decimal-bound"
        case defaultValue = "default-value"
        case dialect
        case duplicateKey = "duplicate-key"
        case duplicateName = "duplicate-name"
        case duplicateParameter = "duplicate-parameter"
        case duplicateStatus = "duplicate-status"
        case duplicateValue = "duplicate-value"
        case emptyEnumeration = "empty-enumeration"
        case emptyList = "empty-list"
        case encoding
        case enumerationValue = "enumeration-value"
        case fieldType = "field-type"
        case keyType = "key-type"
        case migrationName = "migration-name"
        case missingField = "missing-field"
        case missingPathParameter = "missing-path-parameter"
        case nesting
        case noQuery = "no-query"
        case numberRange = "number-range"
        case oldKeyword = "old-keyword"
        case parameterContent = "parameter-content"
        case parameterPlace = "parameter-place"
        case parameterStyle = "parameter-style"
        case pathParameterOptional = "path-parameter-optional"
        case pathSyntax = "path-syntax"
        case pattern
        case problemStatus = "problem-status"
        case query
        case recursiveAlias = "recursive-alias"
        case requiredProperty = "required-property"
        case schemaFile = "schema-file"
        case secondDocument = "second-document"
        case securityScheme = "security-scheme"
        case sqlHeader = "sql-header"
        case status
        case syntax
        case tag
        case tooLarge = "too-large"
        case undeclaredInput = "undeclared-input"
        case undeclaredTag = "undeclared-tag"
        case unknownAnchor = "unknown-anchor"
        case unknownField = "unknown-field"
        case unknownFormat = "unknown-format"
        case unknownSecurityScheme = "unknown-security-scheme"
        case unknownType = "unknown-type"
        case unquotedString = "unquoted-string"
        case unresolvedReference = "unresolved-reference"
        case unsupportedVersion = "unsupported-version"
        case unusedInput = "unused-input"
        case unusedPathParameter = "unused-path-parameter"
    }

    /// The other location of a conflict, or advice.
    package struct Note: Sendable {
        package let message: String
        package let location: Location?

        /// A note with an optional location.
        package init(message: String, location: Location?) {
            self.message = message
            self.location = location
        }
    }

    /// The severity.
    package let severity: Severity
    /// The kind of diagnostic.
    package let code: Code
    /// The message: found and expected values.
    package let message: String
    /// The location in a file.
    package let location: Location
    /// Further details.
    package let notes: [Note]
}

extension Diagnostic {
    /// The text for a terminal: location, message, source line with a caret, notes.
    package var rendered: String {
        var text = "\(location): \(severity.rawValue): \(message) [\(code.rawValue)]\n"
        text += location.excerpt
        for note in notes {
            if let place = note.location {
                text += "\(place): note: \(note.message)\n"
            } else {
                text += "note: \(note.message)\n"
            }
        }
        return text
    }
}

extension Location {
    /// The source line and a caret below the column, as two lines. Empty if the line is not useful.
    package var excerpt: String {
        let text = file.line(line)
        guard !text.isEmpty, text.utf8.count <= 240 else { return "" }
        let number = String(line)
        let margin = String(repeating: " ", count: number.count)
        let indent = String(text.unicodeScalars.prefix(column - 1).map { $0 == "\t" ? "\t" : " " as Character })
        return " \(number) | \(text)\n \(margin) | \(indent)^\n"
    }
}

/// Collects the diagnostics of all stages, so that one run shows all of them.
package struct DiagnosticLog: Sendable {
    private var diagnostics: [Diagnostic] = []
    private var seen: Set<String> = []

    /// Whether deviations that the specifications tolerate are errors, as in one's own contract, or warnings, as in documents of
    /// others.
    private var isStrict: Bool
    /// Records the use of each field that is read; nil if that is not needed.
    package internal(set) var keywordUsage: KeywordUsage?

    /// Creates an empty log.
    package init(isStrict: Bool = true, recordsUsage: Bool = false) {
        self.isStrict = isStrict
        keywordUsage = recordsUsage ? KeywordUsage() : nil
    }

    /// Whether the log contains an error.
    package private(set) var hasErrors = false

    /// All diagnostics by file, line and column.
    package var sorted: [Diagnostic] {
        diagnostics.sorted {
            ($0.location.file.displayPath, $0.location.line, $0.location.column)
                < ($1.location.file.displayPath, $1.location.line, $1.location.column)
        }
    }

    /// Records an error.
    package mutating func error(
        _ code: Diagnostic.Code,
        _ message: String,
        at location: Location,
        notes: [Diagnostic.Note] = []
    ) {
        record(Diagnostic(severity: .error, code: code, message: message, location: location, notes: notes))
    }

    /// Records a warning.
    mutating func warning(
        _ code: Diagnostic.Code,
        _ message: String,
        at location: Location,
        notes: [Diagnostic.Note] = []
    ) {
        record(Diagnostic(severity: .warning, code: code, message: message, location: location, notes: notes))
    }

    /// From now on, reports unknown fields as warnings: a newer specification may define them.
    mutating func relax() { isStrict = false }

    /// Records a probable mistake that no specification forbids: an unknown field, equal names in Swift.
    mutating func strictly(
        _ code: Diagnostic.Code,
        _ message: String,
        at location: Location,
        notes: [Diagnostic.Note] = []
    ) {
        if isStrict {
            error(code, message, at: location, notes: notes)
        } else {
            warning(code, message, at: location, notes: notes)
        }
    }

    /// Records an older notation that is still accepted.
    mutating func oldKeyword(_ code: Diagnostic.Code, _ message: String, at location: Location) {
        record(Diagnostic(severity: .note, code: code, message: message, location: location, notes: []))
    }

    /// Adds a diagnostic once: a node with two references is read twice.
    private mutating func record(_ diagnostic: Diagnostic) {
        if seen.insert("\(diagnostic.location) \(diagnostic.message)").inserted {
            diagnostics.append(diagnostic)
            if diagnostic.severity == .error { hasErrors = true }
        }
    }
}

/// Suggests corrections of misspelled words.
package enum Suggestion {
    /// The most similar word of `vocabulary`; nil if none is similar enough.
    package static func nearest(to word: String, in vocabulary: some Sequence<String>) -> String? {
        let limit = max(1, word.count / 3)
        let best = vocabulary.map { (distance: distance(word.lowercased(), $0.lowercased()), word: $0) }
            .min { ($0.distance, $0.word) < ($1.distance, $1.word) }
        return best.flatMap { $0.distance <= limit ? $0.word : nil }
    }

    /// ` (did you mean 'x'?)`, or an empty string.
    package static func text(for word: String, in vocabulary: some Sequence<String>) -> String {
        nearest(to: word, in: vocabulary).map { " (did you mean '\($0)'?)" } ?? ""
    }

    /// The number of insertions, deletions, replacements and swaps of neighbours from one word to the other.
    private static func distance(_ lhs: String, _ rhs: String) -> Int {
        let lhs = Array(lhs)
        let rhs = Array(rhs)
        var table = [Array(0...rhs.count)]
        for row in lhs.indices {
            var next = [row + 1]
            for column in rhs.indices {
                let replaced = table[row][column] + (lhs[row] == rhs[column] ? 0 : 1)
                var best = min(replaced, next[column] + 1, table[row][column + 1] + 1)
                if row > 0, column > 0, lhs[row] == rhs[column - 1], lhs[row - 1] == rhs[column] {
                    best = min(best, table[row - 1][column - 1] + 1)
                }
                next.append(best)
            }
            table.append(next)
        }
        return table[lhs.count][rhs.count]
    }
}
