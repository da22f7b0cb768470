/// One thing that is wrong, or worth knowing, about a contract.
package struct Diagnostic: Sendable {
    /// How bad it is.
    package enum Severity: String, Sendable {
        case note
        case warning
        case error
    }

    /// What kind of mistake it is: a name that stays when messages change.
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

    /// The other end of a conflict, or advice.
    package struct Note: Sendable {
        package let message: String
        package let location: Location?

        /// A note, perhaps with a place.
        package init(message: String, location: Location?) {
            self.message = message
            self.location = location
        }
    }

    /// How bad it is.
    package let severity: Severity
    /// What kind of mistake it is.
    package let code: Code
    /// What was found and what was expected.
    package let message: String
    /// Where.
    package let location: Location
    /// What belongs to it.
    package let notes: [Note]
}

extension Diagnostic {
    /// The lines that a terminal shows: place, message, the line of the file with a caret, notes.
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
    /// The line with a caret below the column, as two lines of text; empty for a line that is no help to look at.
    package var excerpt: String {
        let text = file.line(line)
        guard !text.isEmpty, text.utf8.count <= 240 else { return "" }
        let number = String(line)
        let margin = String(repeating: " ", count: number.count)
        let indent = String(text.unicodeScalars.prefix(column - 1).map { $0 == "\t" ? "\t" : " " as Character })
        return " \(number) | \(text)\n \(margin) | \(indent)^\n"
    }
}

/// Collects what every stage finds, so that one run shows all of it.
package struct DiagnosticLog: Sendable {
    private var diagnostics: [Diagnostic] = []
    private var seen: Set<String> = []

    /// Whether what the specifications leave open is an error, as it is in a contract of one's own, or a warning, as it must be in
    /// the documents of others.
    private var isStrict: Bool
    /// What became of the fields that were read, when somebody wants to know.
    package internal(set) var ledger: Ledger?

    /// An empty log.
    package init(isStrict: Bool = true, keepsLedger: Bool = false) {
        self.isStrict = isStrict
        ledger = keepsLedger ? Ledger() : nil
    }

    /// Whether anything found is an error.
    package private(set) var hasErrors = false

    /// Everything, by file, line and column.
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

    /// Takes what is not known for a warning from here on: a newer specification may have it.
    mutating func relax() { isStrict = false }

    /// Records what no specification forbids and nobody means: unknown fields, names that are one in Swift.
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

    /// Records what was written in an older way and is read all the same.
    mutating func oldKeyword(_ code: Diagnostic.Code, _ message: String, at location: Location) {
        record(Diagnostic(severity: .note, code: code, message: message, location: location, notes: []))
    }

    /// A node that two references reach is read twice and complained about once.
    private mutating func record(_ diagnostic: Diagnostic) {
        if seen.insert("\(diagnostic.location) \(diagnostic.message)").inserted {
            diagnostics.append(diagnostic)
            if diagnostic.severity == .error { hasErrors = true }
        }
    }
}

/// Finds what somebody meant to write.
package enum Suggestion {
    /// The word of `vocabulary` nearest to `word`, if it is near enough to be what was meant.
    package static func nearest(to word: String, in vocabulary: some Sequence<String>) -> String? {
        let limit = max(1, word.count / 3)
        let best = vocabulary.map { (distance: distance(word.lowercased(), $0.lowercased()), word: $0) }
            .min { ($0.distance, $0.word) < ($1.distance, $1.word) }
        return best.flatMap { $0.distance <= limit ? $0.word : nil }
    }

    /// ` (did you mean 'x'?)`, or nothing.
    package static func text(for word: String, in vocabulary: some Sequence<String>) -> String {
        nearest(to: word, in: vocabulary).map { " (did you mean '\($0)'?)" } ?? ""
    }

    /// How many characters must be inserted, removed, replaced or exchanged with their neighbour.
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
