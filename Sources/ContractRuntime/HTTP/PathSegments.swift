/// A request path split at its slashes: `/bots/b-1` has the segments `bots` and `b-1`.
///
/// Generated routing compares segments as bytes. A string is created only when a parameter is read.
public struct PathSegments {
    private let bytes: UnsafeRawBufferPointer
    private var bounds = InlineArray<32, Range<Int>>(repeating: 0..<0)
    /// The number of segments; 0 for text that no template matches.
    public private(set) var count = 0

    /// Splits `path`, which must start with a slash and outlive this value. A path with more than 32 segments matches nothing.
    public init(_ path: UnsafeRawBufferPointer) {
        bytes = path
        guard path.first == UInt8(ascii: "/") else { return }
        var segment = 0
        var start = 1
        for index in 1...path.count where index == path.count || path[index] == UInt8(ascii: "/") {
            guard segment < bounds.count else { return }
            bounds[segment] = start..<index
            segment += 1
            start = index + 1
        }
        count = segment
    }

    /// The bytes of a segment, for comparisons; empty past the end.
    public subscript(index: Int) -> JSONText {
        guard index < count else { return JSONText(borrowing: UnsafeRawBufferPointer(start: nil, count: 0)) }
        return JSONText(borrowing: UnsafeRawBufferPointer(rebasing: bytes[bounds[index]]))
    }

    /// Whether a parameter can match the segment: it must exist and not be empty.
    public func hasValue(at index: Int) -> Bool {
        index < count && !bounds[index].isEmpty
    }

    /// Whether a segment consists of these texts with non-empty text between each two of them.
    public func matches(_ literals: [StaticString], at index: Int) -> Bool {
        index < count && parts(of: bounds[index], between: literals.map { "\($0)" }) != nil
    }

    /// Whether a query has this pair, for documents with queries in their paths.
    public static func query(_ query: String, holds pair: String) -> Bool {
        query.split(separator: "&").contains { $0 == pair }
    }

    /// The percent-encoded texts of a template's parameters.
    public func values(of parameters: [PathParameter]) -> [String] {
        parameters.map { parameter in
            switch parameter {
            case .segment(let index): self[index].string
            case .part(let number, let index, let literals):
                parts(of: bounds[index], between: literals).map { String(decoding: bytes[$0[number]], as: UTF8.self) }
                    ?? ""
            }
        }
    }

    /// The texts between the literals. Each one ends at the first occurrence of the next literal, the last one at the end.
    private func parts(of segment: Range<Int>, between literals: [String]) -> [Range<Int>]? {
        let text = bytes[segment]
        guard let first = literals.first, let last = literals.last, text.starts(with: first.utf8) else { return nil }
        var parts: [Range<Int>] = []
        var start = segment.lowerBound + first.utf8.count
        for literal in literals.dropFirst().dropLast() {
            guard let end = place(of: Array(literal.utf8), from: start + 1, to: segment.upperBound) else { return nil }
            parts.append(start..<end)
            start = end + literal.utf8.count
        }
        let end = segment.upperBound - last.utf8.count
        guard end > start, bytes[end..<segment.upperBound].elementsEqual(last.utf8) else { return nil }
        return parts + [start..<end]
    }

    private func place(of literal: [UInt8], from start: Int, to end: Int) -> Int? {
        guard start <= end - literal.count else { return nil }
        return (start...(end - literal.count)).first { bytes[$0..<$0 + literal.count].elementsEqual(literal) }
    }
}

/// The position of a path parameter.
public enum PathParameter: Hashable, Sendable {
    /// A whole segment.
    case segment(Int)
    /// The nth parameter of a segment with literal text: the id of `{id}.json`.
    case part(Int, of: Int, between: [String])
}

/// The literal segments at one position of a path, prepared for fast lookup.
public struct SegmentTable: Sendable {
    private let names: MemberNames

    /// Creates a table of these segments.
    public init(_ segments: [String]) {
        let none = segments.map { _ in false }
        names = MemberNames(segments, required: none, readOnly: none, writeOnly: none, isClosed: false)
    }

    /// The index of a segment; nil if it is not in the table.
    public func place(of segment: JSONText) -> Int? { segment.withBytes { names.index(of: $0) } }
}
