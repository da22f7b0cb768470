/// The syntax tree of an expression (ECMA-262, 22.2.1 "Patterns").
indirect enum PatternNode {
    case empty
    case set(ScalarSet)
    case sequence([PatternNode])
    case alternatives([PatternNode])
    /// `maximum` is nil if there is no limit.
    case repeated(PatternNode, minimum: Int, maximum: Int?)
    case start
    case end
    case wordBoundary(isNegated: Bool)
    case look(PatternNode, isBehind: Bool, isNegated: Bool)
}

/// A set of code points.
struct ScalarSet: Sendable {
    /// A property that is checked for each code point.
    typealias Property = @Sendable (Unicode.Scalar) -> Bool

    private(set) var ranges: [ClosedRange<UInt32>] = []
    private(set) var properties: [Property] = []
    var isNegated = false

    init(_ ranges: [ClosedRange<UInt32>] = [], isNegated: Bool = false) {
        self.ranges = ranges
        self.isNegated = isNegated
    }

    init(_ property: @escaping Property, isNegated: Bool = false) {
        properties = [property]
        self.isNegated = isNegated
    }

    init(_ scalar: Unicode.Scalar) {
        ranges = [scalar.value...scalar.value]
    }

    /// Adds the content of `other`.
    mutating func formUnion(_ other: ScalarSet) {
        if other.isNegated || !other.properties.isEmpty {
            properties.append { other.contains($0) }
        } else {
            ranges += other.ranges
        }
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        (ranges.contains { $0.contains(scalar.value) } || properties.contains { $0(scalar) }) != isNegated
    }

    // ECMA-262, 22.2.2.9 "CompileToCharSet": digits and word characters are ASCII, regardless of flags.
    static let digits = ScalarSet([0x30...0x39])
    static let word = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    /// White space and line terminators (ECMA-262, 12.2 and 12.3).
    static let space = ScalarSet([
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
        0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ])
    static let lineTerminators: [ClosedRange<UInt32>] = [0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029]

    var negated: ScalarSet {
        var set = self
        set.isNegated.toggle()
        return set
    }
}
