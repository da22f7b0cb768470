/// Path templates, indexed by their literal segments to find ambiguous ones without comparing all pairs.
///
/// Two templates are ambiguous if a path matches both and neither takes precedence. A literal segment takes precedence over a parameter
/// (OpenAPI 3.1, "Path Templating Matching"). So each must be literal where the other has a parameter, and common literals must be equal.
struct TemplateIndex {
    private typealias Word = [UInt8]

    /// Whether each segment of a template is literal.
    private typealias Shape = [Bool]

    /// The templates with one pattern of literals and parameters.
    private struct Group {
        var templates: [(position: Int, segments: [Word])] = []
        /// By set of segments: the first template for each combination of literals.
        var firsts: [[Int]: [[Word]: Int]] = [:]

        mutating func add(_ position: Int, _ segments: [Word]) {
            templates.append((position, segments))
            for indices in firsts.keys {
                let words = indices.map { segments[$0] }
                if firsts[indices]?[words] == nil { firsts[indices]?[words] = position }
            }
        }

        /// The position of the first template with the same literals in these segments.
        mutating func first(like segments: [Word], in indices: [Int]) -> Int? {
            if firsts[indices] == nil {
                let known = templates.map { template in (indices.map { template.segments[$0] }, template.position) }
                firsts[indices] = Dictionary(known) { first, _ in first }
            }
            return firsts[indices]?[indices.map { segments[$0] }]
        }
    }

    private var count = 0
    private var groups: [Shape: Group] = [:]

    /// Adds a template. Returns the position of the first template that is ambiguous with it, or nil.
    mutating func insert(_ template: String) -> Int? {
        let segments = template.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)
        let shape = segments.map { !$0.contains(UInt8(ascii: "{")) }
        let found = groups.keys.compactMap { other in
            Self.sharedWords(shape, other).flatMap { groups[other]?.first(like: segments, in: $0) }
        }
        groups[shape, default: Group()].add(count, segments)
        count += 1
        return found.min()
    }

    /// The segments that are literal in both shapes; nil unless each has a literal where the other has a parameter.
    private static func sharedWords(_ lhs: Shape, _ rhs: Shape) -> [Int]? {
        guard lhs.count == rhs.count else { return nil }
        let pairs = zip(lhs, rhs)
        guard pairs.contains(where: { $0 && !$1 }), pairs.contains(where: { !$0 && $1 }) else { return nil }
        return lhs.indices.filter { lhs[$0] && rhs[$0] }
    }
}
