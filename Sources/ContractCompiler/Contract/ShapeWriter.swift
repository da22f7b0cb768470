/// Writes `ParameterShape` expressions: how the text values of a parameter or form become JSON.
struct ShapeWriter {
    let builder: ModelBuilder
    /// The shapes of models by depth.
    private var known: [Place: String] = [:]

    /// The maximum nesting. Deeper values are read by their appearance.
    private static let depthLimit = 4
    /// The maximum number of characters of one shape. Models with mutual references would grow it exponentially.
    private static let lengthLimit = 1 << 20

    private struct Place: Hashable {
        let name: String
        let depth: Int
    }

    init(builder: ModelBuilder) {
        self.builder = builder
    }

    mutating func shape(of value: Value, depth: Int) -> String {
        guard depth < Self.depthLimit else { return ".any" }
        return switch value.kind {
        case .string, .timestamp, .date, .uuid, .bytes: value.isNullable ? ".any" : ".text"
        case .integer, .number, .boolean, .null: ".literal"
        case .decimal, .any: ".any"
        case .file: ".file"
        case .object: ".object([:], others: .any)"
        case .map(let element): ".object([:], others: \(shape(of: element, depth: depth + 1)))"
        case .array(let element, _, _): ".array(\(shape(of: element, depth: depth + 1)))"
        case .named(let name): shape(of: name, depth: depth)
        }
    }

    private mutating func shape(of name: String, depth: Int) -> String {
        let place = Place(name: name, depth: depth)
        if let known = known[place] { return known }
        let shape = builder.model(name).map { self.shape(of: $0.shape, depth: depth) } ?? ".any"
        known[place] = shape
        return shape
    }

    private mutating func shape(of shape: Model.Shape, depth: Int) -> String {
        switch shape {
        case .enumeration(let enumeration): return enumeration.rawType == "Int" ? ".literal" : ".text"
        case .alias(let value), .wrapper(let value): return self.shape(of: value, depth: depth + 1)
        case .tuple: return ".array(.any)"
        case .union(let union):
            // Alternatives with equal shapes need only one.
            let shapes = Set(union.branches.map { self.shape(of: $0.value, depth: depth + 1) })
            return shapes.count == 1 ? shapes.first ?? ".any" : ".any"
        case .structure(let properties, let others):
            var members: [String] = []
            var length = 0
            for property in properties {
                let member =
                    "\(SwiftWriter.literal(property.name)): \(self.shape(of: property.value, depth: depth + 1))"
                length += member.utf8.count
                guard length <= Self.lengthLimit else { return ".object([:], others: .any)" }
                members.append(member)
            }
            guard case .collected(let value) = others else { return ".object([\(members.lines(", "))])" }
            return ".object([\(members.lines(", "))], others: \(self.shape(of: value, depth: depth + 1)))"
        }
    }
}
