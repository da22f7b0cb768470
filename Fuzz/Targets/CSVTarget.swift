import ContractRuntime

extension FuzzTarget {
    /// Cells of CSV files: an RFC 4180 reader gets the same texts, and no spreadsheet interprets one as a formula.
    static let csv = FuzzTarget(name: "csv") { bytes in
        let texts = bytes.parts.map { String(decoding: $0, as: UTF8.self) }
        let csv = CSV([FuzzRow(first: texts[0], second: texts.dropFirst().first ?? "")], columns: ["first", "second"])
        let rows = CSVReader.rows(of: csv.text)
        guard rows.count == 2, rows[1].count == 2 else { return expect(false, "other cells were read back: \(rows)") }
        for (cell, text) in zip(rows[1], texts) {
            let isInert = cell.utf8.first.map { !"=+-@\t\r\n".utf8.contains($0) } ?? true
            expect(isInert, "a spreadsheet takes \(cell) for a formula")
            expect(
                cell.utf8.elementsEqual(text.utf8) || cell.utf8.elementsEqual("'\(text)".utf8),
                "another text: \(cell)"
            )
        }
    }
}

/// A line of two texts.
private struct FuzzRow: ContractModel {
    let first: String
    let second: String

    init(first: String, second: String) {
        self.first = first
        self.second = second
    }

    init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        try json.skipValue()
        return nil
    }

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("first", first)
        json.member("second", second)
        json.endObject()
    }
}

/// An RFC 4180 reader that compares bytes.
private enum CSVReader {
    static func rows(of text: String) -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var cell: [UInt8] = []
        var isQuoted = false
        var bytes = Array(text.utf8)[...]
        func endOfCell() {
            row.append(String(decoding: cell, as: UTF8.self))
            cell = []
        }
        while let byte = bytes.popFirst() {
            switch (byte, isQuoted) {
            case (UInt8(ascii: "\""), true) where bytes.first == byte:
                cell.append(byte)
                bytes.removeFirst()
            case (UInt8(ascii: "\""), _): isQuoted.toggle()
            case (UInt8(ascii: ","), false): endOfCell()
            case (UInt8(ascii: "\r"), false) where bytes.first == UInt8(ascii: "\n"):
                bytes.removeFirst()
                endOfCell()
                rows.append(row)
                row = []
            default: cell.append(byte)
            }
        }
        return rows
    }
}
