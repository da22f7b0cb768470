import ContractRuntime
import FoundationEssentials
import Postgres

/// A page of a list, as a caller asked for it: by its number, or behind the last item of another.
///
/// `First` and `Second` are what the list is ordered by; together they tell its items apart.
struct Page<First: CursorPart, Second: CursorPart> {
    let number: Int
    let size: Int
    /// The item behind which the page begins.
    let after: (First, Second)?

    init(number: Int, size: Int, cursor: String?) throws(Problem) {
        self.number = number
        self.size = size
        guard let cursor else {
            after = nil
            return
        }
        let texts = Self.texts(of: cursor)
        guard texts.count == 2, let first = First(cursorText: texts[0]), let second = Second(cursorText: texts[1])
        else {
            throw Problem(status: 422, code: "INVALID_CURSOR", detail: "cursor is no next_cursor of this list")
        }
        after = (first, second)
    }

    /// How many rows stand on the pages before.
    var offset: Int {
        if after != nil { return 0 }
        let (offset, overflows) = (number - 1).multipliedReportingOverflow(by: size)
        return overflows ? .max : offset
    }

    /// How many rows to ask for: one more than the page has tells whether another one follows.
    var limit: Int { size + 1 }

    /// The rows of the page.
    func items<Row>(_ rows: [Row]) -> ArraySlice<Row> { rows.prefix(size) }

    /// The cursor of the next page, if there is one: both values in Base64 for URLs (RFC 4648, section 5).
    func next<Row>(_ rows: [Row], _ key: (Row) -> (First, Second)) -> String? {
        guard rows.count > size else { return nil }
        let (first, second) = key(rows[size - 1])
        let text = Bytes(Array((first.cursorText + "\u{0}" + second.cursorText).utf8)).base64
        return String(text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }

    /// What `next` put together. No text in the database contains the character between the values.
    private static func texts(of cursor: String) -> [String] {
        var text = String(cursor.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        guard let bytes = text.withUTF8({ Bytes(base64: UnsafeRawBufferPointer($0)) }) else { return [] }
        return bytes.bytes.split(separator: 0, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}

/// A value by which a list is ordered, as a part of a cursor.
protocol CursorPart {
    var cursorText: String { get }
    init?(cursorText: String)
}

extension Timestamp: CursorPart {
    var cursorText: String { String(microsecondsSinceEpoch) }

    init?(cursorText: String) {
        // Times have four digits for the year.
        guard let time = Int64(cursorText), time.magnitude < 253_402_300_800_000_000 else { return nil }
        self.init(microsecondsSinceEpoch: time)
    }
}

extension Int: CursorPart {
    var cursorText: String { String(self) }

    init?(cursorText: String) { self.init(cursorText) }
}

extension String: CursorPart {
    var cursorText: String { self }

    init?(cursorText: String) { self = cursorText }
}

extension UUID: CursorPart {
    var cursorText: String { text }

    init?(cursorText: String) {
        var cursorText = cursorText
        guard let id = cursorText.withUTF8({ UUID(text: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = id
    }
}
