import ContractRuntime

/// Comma-separated values with a header line (RFC 4180).
struct CSV {
    let text: String

    /// The members of `models` that `columns` name.
    init(_ models: [some ContractModel], columns: [String]) {
        var text = columns.joined(separator: ",") + "\r\n"
        for model in models {
            // Texts may contain U+0000, unlike those of a request. A row is never left out.
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

    /// A text that no spreadsheet takes for a formula (OWASP, "CSV Injection"). Spreadsheets that drop what cannot be seen find the sign
    /// behind it, and some read full-width signs like plain ones.
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

    /// Compared by code points: to Swift a quote that a combining mark follows is another character, to a reader of CSV it is a quote.
    private static func quoted(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { "\",\r\n".unicodeScalars.contains($0) }) else { return text }
        return text.unicodeScalars.reduce(into: "\"") { quoted, scalar in
            if scalar == "\"" { quoted.unicodeScalars.append("\"") }
            quoted.unicodeScalars.append(scalar)
        } + "\""
    }
}
