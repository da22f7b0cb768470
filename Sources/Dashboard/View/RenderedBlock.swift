import ContractRuntime
import Mustache

/// A block as HTML. A browser that has the block already gets only its time.
struct RenderedBlock {
    let html: String

    /// - Parameters:
    ///   - csrf: The CSRF token for the forms of the block.
    ///   - known: The versions of the blocks that the browser has, by id.
    init(_ block: Block, csrf: String, known: [ExactText: String]) {
        // The token and the times differ in every response. They are inserted after the version has been computed, at places that no text of
        // the page can imitate, because their mark is a new random number.
        let mark = Self.digits(UInt64.random(in: .min ... .max)) + Self.digits(UInt64.random(in: .min ... .max))
        var marked = block
        marked.asOf = block.asOf.map { _ in Moment(iso: mark + "i", text: mark + "t") }
        let context = Context(csrf: mark + "c", version: mark + "v", block: marked)
        let text = Templates.library.render(context, withTemplate: "fragment") ?? ""
        let parts = text.utf8.split(separator: mark.utf8, omittingEmptySubsequences: false)
        let version = Self.version(of: parts)
        if known[ExactText(block.id)] == version {
            html = Self.unchanged(block)
            return
        }
        var bytes = Array(parts.first ?? "".utf8[...])
        for part in parts.dropFirst() {
            switch part.first {
            case UInt8(ascii: "c"): bytes += csrf.utf8
            case UInt8(ascii: "v"): bytes += version.utf8
            case UInt8(ascii: "i"): bytes += (block.asOf?.iso ?? "").utf8
            default: bytes += (block.asOf?.text ?? "").utf8
            }
            bytes += part.dropFirst()
        }
        html = String(decoding: bytes, as: UTF8.self)
    }

    /// The values that a block is rendered with.
    private struct Context {
        let csrf: String
        let version: String
        let block: Block
    }

    private static func unchanged(_ block: Block) -> String {
        let time = block.asOf.map { #"<time datetime="\#($0.iso)" title="\#($0.iso)">\#($0.text)</time>"# } ?? ""
        return #"<section id="\#(block.id)" data-block data-same>\#(time)</section>"#
    }

    /// A number for the content. Its hash has a random key, so no client can make two contents with the same number. Each process has another
    /// key: a browser that changes servers gets all blocks again.
    private static func version(of parts: [Substring.UTF8View]) -> String {
        var hasher = Hasher()
        for part in parts {
            hasher.combine(part.count)
            part.withContiguousStorageIfAvailable { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
        return digits(UInt64(bitPattern: Int64(hasher.finalize())))
    }

    /// Sixteen hexadecimal digits.
    private static func digits(_ number: UInt64) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
}
