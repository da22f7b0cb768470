import ContractRuntime
import Mustache

/// A block as HTML. A browser that has the block already gets only its time, and of a row that it has only the ages in it.
struct RenderedBlock {
    let html: String

    /// - Parameter csrf: The CSRF token for the forms of the block.
    init(_ block: Block, csrf: String, known: KnownContent = KnownContent()) {
        let parts = MarkedText(block).parts
        let version = Self.version(of: parts[...])
        if known.blocks[ExactText(block.id)] == version {
            html = Self.unchanged(block)
            return
        }
        var bytes: [UInt8] = []
        func append(_ parts: ArraySlice<MarkedText.Part>, row: String = "") {
            for part in parts {
                switch part.mark {
                case .csrf: bytes += csrf.utf8
                case .version: bytes += version.utf8
                case .timestamp: bytes += (block.asOf?.iso ?? "").utf8
                case .time: bytes += (block.asOf?.text ?? "").utf8
                case .rowVersion: bytes += #" data-row="\#(row)""#.utf8
                case .text, .row, .rowsEnd, .age, .ageEnd: break
                }
                bytes += part.text
            }
        }
        var rest = parts[...]
        while let first = rest.first {
            guard first.mark == .row, let end = rest.dropFirst().firstIndex(where: \.endsRow) else {
                append(rest.prefix(1))
                rest = rest.dropFirst()
                continue
            }
            let row = rest[..<end]
            let version = Self.rowVersion(of: row)
            if known.rows.contains(ExactText(version)) {
                let ages = row.filter { $0.mark == .age }.map { String(decoding: $0.text, as: UTF8.self) }
                bytes += first.text
                bytes += #" data-same="\#(ages.joined(separator: "|"))"></tr>"#.utf8
            } else {
                append(row, row: version)
            }
            rest = rest[end...]
        }
        html = String(decoding: bytes, as: UTF8.self)
    }

    private static func unchanged(_ block: Block) -> String {
        let time = block.asOf.map { #"<time datetime="\#($0.iso)" title="\#($0.iso)">\#($0.text)</time>"# } ?? ""
        return #"<section id="\#(block.id)" data-block data-same>\#(time)</section>"#
    }

    /// A number for the content. Its hash has a random key, so no client can make two contents with the same number. Each process has another
    /// key: a browser that changes servers gets all blocks again.
    private static func version(of parts: ArraySlice<MarkedText.Part>) -> String {
        var hasher = Hasher()
        for part in parts {
            hasher.combine(part.text)
        }
        return UInt64(bitPattern: Int64(hasher.finalize())).hexDigits
    }

    /// A number for the content of a row without its ages. A browser sends the numbers of all its rows, so they are shorter.
    private static func rowVersion(of parts: ArraySlice<MarkedText.Part>) -> String {
        String(version(of: parts.filter { $0.mark != .age }[...]).prefix(12))
    }
}

/// A block as HTML, cut at the places that differ in every response and at the rows of its table. The places are marked with a new random
/// number, which no text of the page can imitate.
private struct MarkedText {
    let parts: [Part]

    init(_ block: Block) {
        let mark = UInt64.random(in: .min ... .max).hexDigits + UInt64.random(in: .min ... .max).hexDigits
        var marked = block
        marked.asOf = block.asOf.map { _ in Moment(iso: Mark.timestamp.after(mark), text: Mark.time.after(mark)) }
        let text = Templates.library.render(Context(mark, marked), withTemplate: "fragment") ?? ""
        parts = text.utf8.split(separator: mark.utf8, omittingEmptySubsequences: false).enumerated().map {
            place,
            part in
            let mark = place == 0 ? nil : part.first.flatMap { Mark(rawValue: String(UnicodeScalar($0))) }
            return Part(mark: mark ?? .text, text: Array(mark == nil ? part : part.dropFirst()))
        }
    }

    /// The text that follows a mark.
    struct Part {
        let mark: Mark
        let text: [UInt8]

        /// Whether a row ends before it.
        var endsRow: Bool { mark == .row || mark == .rowsEnd }
    }

    /// The kind of a place.
    enum Mark: String {
        /// Text from the start.
        case text = ""
        case csrf = "c"
        case version = "v"
        case timestamp = "i"
        case time = "t"
        /// The start of a row.
        case row = "r"
        case rowVersion = "k"
        case rowsEnd = "e"
        /// A time as the page shows it, such as an age.
        case age = "a"
        case ageEnd = "z"

        func after(_ mark: String) -> String { mark + rawValue }
    }

    /// The values that a block is rendered with.
    private struct Context {
        let csrf, version, rowStart, rowVersion, rowsEnd, ageStart, ageEnd: String
        let block: Block

        init(_ mark: String, _ block: Block) {
            csrf = Mark.csrf.after(mark)
            version = Mark.version.after(mark)
            rowStart = Mark.row.after(mark)
            rowVersion = Mark.rowVersion.after(mark)
            rowsEnd = Mark.rowsEnd.after(mark)
            ageStart = Mark.age.after(mark)
            ageEnd = Mark.ageEnd.after(mark)
            self.block = block
        }
    }
}

extension UInt64 {
    /// Sixteen hexadecimal digits.
    fileprivate var hexDigits: String {
        let text = String(self, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
}
