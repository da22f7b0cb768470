import ContractRuntime

/// Comma-separated values with a header line (RFC 4180).
struct CSV {
    let text: String

    /// Creates rows from the properties of `models` that `columns` names.
    init(_ models: [some ContractModel], columns: [String]) {
        var text = columns.joined(separator: ",") + "\r\n"
        for model in models {
            // Stored text may contain U+0000, unlike that of a request. A row is never omitted.
            let value = JSONValue(String(decoding: JSONObject(model).bytes, as: UTF8.self))
            text += columns.map { Self.cell(value?[$0]) }.joined(separator: ",") + "\r\n"
        }
        self.text = text
    }

    private static func cell(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null: ""
        case .number(let number): number.text
        case .boolean(let flag): flag ? "true" : "false"
        case .string(let text): quoted(inert(text))
        case .array, .object: quoted(value.map { String(decoding: JSONWriter.write($0), as: UTF8.self) } ?? "")
        }
    }

    /// Prevents spreadsheets from treating text as a formula (OWASP, "CSV Injection"). Some spreadsheets skip invisible characters before
    /// the sign, and some treat full-width signs like ASCII ones.
    private static func inert(_ text: String) -> String {
        let first = text.unicodeScalars.first { scalar in
            isBreak(scalar) || !(scalar.properties.isWhitespace || isInvisible(scalar.properties.generalCategory))
        }
        guard let first, isBreak(first) || "=+-@\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}".unicodeScalars.contains(first) else {
            return text
        }
        return "'" + text
    }

    private static func isInvisible(_ category: Unicode.GeneralCategory) -> Bool {
        category == .format || category == .control
    }

    private static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\t" || scalar == "\r" || scalar == "\n"
    }

    /// Compares by code points: to Swift, a quote with a combining mark is another character; to a CSV reader it is a quote.
    private static func quoted(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { "\",\r\n".unicodeScalars.contains($0) }) else { return text }
        return text.unicodeScalars.reduce(into: "\"") { quoted, scalar in
            if scalar == "\"" { quoted.unicodeScalars.append("\"") }
            quoted.unicodeScalars.append(scalar)
        } + "\""
    }
}
