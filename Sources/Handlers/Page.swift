import ContractRuntime
import Digests
import FoundationEssentials
import Generated
import Postgres

/// A requested page of a list: by page number, or after the last item of the previous page.
///
/// `First` and `Second` are the values that order the list; together they identify an item.
struct Page<First: CursorPart, Second: CursorPart> {
    let number: Int
    let size: Int
    /// The last item before the page.
    let after: (First, Second)?

    init(number: Int, size: Int, cursor: String?) throws(Problem) {
        self.number = number
        self.size = size
        guard let cursor else {
            after = nil
            return
        }
        let texts = cursor.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map {
            String($0) ?? ""
        }
        guard texts.count == 2, let first = First(cursorText: texts[0]), let second = Second(cursorText: texts[1])
        else {
            let detail = "cursor is invalid: it was not issued by this list"
            throw Problem(status: 422, code: .invalidCursor, detail: detail)
        }
        after = (first, second)
    }

    /// The number of rows on the pages before.
    var offset: Int {
        if after != nil { return 0 }
        return number.subtractingSaturated(1).multipliedSaturated(by: size)
    }

    /// The number of rows to request: one more than the page size shows whether there is a next page.
    var limit: Int { size.addingSaturated(1) }

    /// The rows of the page.
    func items<Row>(_ rows: [Row]) -> ArraySlice<Row> { rows.prefix(size) }

    /// The cursor of the next page; nil on the last page. The contract has a pattern for the cursors of each list, and any text that
    /// matches it is a valid position.
    func next<Row>(_ rows: [Row], _ key: (Row) -> (First, Second)) -> String? {
        guard rows.count > size else { return nil }
        // traps: there are more rows than the size, which is 1 or more.
        let (first, second) = key(rows[size - 1])
        return first.cursorText + "." + second.cursorText
    }
}

/// The number of items of a list, counted up to a limit, so that the response time does not grow with the list.
struct Total {
    /// The maximum number of rows that a statement counts: one more than the reported maximum shows whether there are more.
    static let most = 10_001

    let count: Int
    let isExact: Bool

    init(counted: Int) {
        count = min(counted, Self.most - 1)
        isExact = counted < Self.most
    }
}

/// A value that orders a list, as a part of a cursor: characters that need no escaping in a URL, without a period.
protocol CursorPart {
    var cursorText: String { get }
    init?(cursorText: String)
}

extension Timestamp: CursorPart {
    var cursorText: String { String(microsecondsSinceEpoch) }

    init?(cursorText: String) {
        guard let time = Int64(cursorText) else { return nil }
        // Times have four-digit years. Clamp others to that range: there is nothing beyond it.
        self.init(microsecondsSinceEpoch: min(max(time, -62_135_596_800_000_000), 253_402_300_799_999_999))
    }
}

extension Int: CursorPart {
    var cursorText: String { String(self) }

    init?(cursorText: String) { self.init(cursorText) }
}

extension String: CursorPart {
    /// Two hexadecimal digits per byte.
    var cursorText: String { Array(utf8).hexadecimal }

    init?(cursorText: String) {
        let digits = cursorText.utf8.compactMap(\.hexadecimalDigit)
        guard digits.count == cursorText.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        let bytes = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        self.init(decoding: bytes, as: UTF8.self)
    }
}

extension UUID: CursorPart {
    var cursorText: String { text }

    init?(cursorText: String) {
        var cursorText = cursorText
        guard let id = cursorText.withUTF8({ UUID(text: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = id
    }
}
