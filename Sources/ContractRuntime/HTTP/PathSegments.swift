/// A request path split at its slashes: `/bots/b-1` has the segments `bots` and `b-1`.
///
/// Generated routing compares the segments as bytes; no string is made of them until a parameter is read.
public struct PathSegments {
    private let bytes: UnsafeRawBufferPointer
    private var bounds = InlineArray<16, Range<Int>>(repeating: 0..<0)
    /// How many segments there are; 0 for text that no template can match.
    public private(set) var count = 0

    /// Splits `path`, which must start with a slash and outlive this value. More than 16 segments match nothing.
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

    /// A segment for comparing; an empty one past the end.
    public subscript(index: Int) -> JSONText {
        guard index < count else { return JSONText(borrowing: UnsafeRawBufferPointer(start: nil, count: 0)) }
        return JSONText(borrowing: UnsafeRawBufferPointer(rebasing: bytes[bounds[index]]))
    }

    /// Whether a parameter may take this segment: it is there and it is not empty.
    public func hasValue(at index: Int) -> Bool {
        index < count && !bounds[index].isEmpty
    }
}
