import ContractRuntime

/// Comma-separated values with a header line (RFC 4180).
struct CSV {
    let text: String

    /// The members of `models` that `columns` name.
    init(_ models: [some ContractModel], columns: [String]) {
        var text = columns.joined(separator: ",") + "\r\n"
        for model in models {
            // A model writes itself as an object, and what is written can be read.
            guard let value = try? JSONValue(json: JSONObject(model).bytes) else { continue }
            text += columns.map { Self.cell(value[$0]) }.joined(separator: ",") + "\r\n"
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

    /// A text that no spreadsheet takes for a formula (OWASP, "CSV Injection").
    private static func inert(_ text: String) -> String {
        guard let first = text.unicodeScalars.first, "=+-@\t\r\n".unicodeScalars.contains(first) else { return text }
        return "'" + text
    }

    private static func quoted(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { "\",\r\n".unicodeScalars.contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
