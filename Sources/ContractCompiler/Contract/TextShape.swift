/// How text becomes a JSON value: the text of a parameter, a header or a form field. It has the cases of `ContractRuntime`'s `TextShape`.
package indirect enum TextShape: Hashable {
    /// A number or a boolean if the text is one, otherwise a string.
    case any
    case text
    case literal
    case file
    /// The text is JSON.
    case json
    case array(TextShape)
    /// A member that is not listed has the shape `others`, or any.
    case object([Member], others: TextShape?)

    package struct Member: Hashable {
        let name: String
        let shape: TextShape
    }
}

extension ModelBuilder {
    /// How the text of a parameter, header or form field with this value becomes JSON.
    func shape(of value: Value) -> TextShape {
        var shaper = TextShaper(builder: self)
        return shaper.shape(of: value)
    }
}

/// Finds the shapes of values.
private struct TextShaper {
    let builder: ModelBuilder
    /// The shapes of models by depth.
    private var known: [Place: Sized] = [:]

    /// The maximum nesting. Deeper values are read by their appearance.
    private static let depthLimit = 4
    /// The maximum number of members of one shape, with those inside it. Models with mutual references would grow it exponentially.
    private static let memberLimit = 20_000

    private struct Place: Hashable {
        let name: String
        let depth: Int
    }

    private struct Sized {
        let shape: TextShape
        /// The number of members, with those inside.
        var members = 0
    }

    init(builder: ModelBuilder) {
        self.builder = builder
    }

    mutating func shape(of value: Value) -> TextShape { shape(of: value, depth: 0).shape }

    private mutating func shape(of value: Value, depth: Int) -> Sized {
        guard depth < Self.depthLimit else { return Sized(shape: .any) }
        switch value.kind {
        case .string, .timestamp, .date, .uuid, .bytes: return Sized(shape: value.isNullable ? .any : .text)
        case .integer, .number, .boolean, .null: return Sized(shape: .literal)
        case .decimal, .any: return Sized(shape: .any)
        case .file: return Sized(shape: .file)
        case .object: return Sized(shape: .object([], others: .any))
        case .map(let element):
            let element = shape(of: element, depth: depth + 1)
            return Sized(shape: .object([], others: element.shape), members: element.members)
        case .array(let element, _, _):
            let element = shape(of: element, depth: depth + 1)
            return Sized(shape: .array(element.shape), members: element.members)
        case .named(let name): return shape(of: name, depth: depth)
        }
    }

    private mutating func shape(of name: String, depth: Int) -> Sized {
        let place = Place(name: name, depth: depth)
        if let known = known[place] { return known }
        let shape = builder.model(name).map { self.shape(of: $0.shape, depth: depth) } ?? Sized(shape: .any)
        known[place] = shape
        return shape
    }

    private mutating func shape(of shape: Model.Shape, depth: Int) -> Sized {
        switch shape {
        case .enumeration(let enumeration): return Sized(shape: enumeration.isInteger ? .literal : .text)
        case .alias(let value), .wrapper(let value): return self.shape(of: value, depth: depth + 1)
        case .tuple: return Sized(shape: .array(.any))
        case .union(let union):
            // Alternatives with equal shapes need only one.
            let shapes = union.branches.map { self.shape(of: $0.value, depth: depth + 1) }
            guard let first = shapes.first, shapes.allSatisfy({ $0.shape == first.shape }) else {
                return Sized(shape: .any)
            }
            return first
        case .structure(let properties, let others):
            var members: [TextShape.Member] = []
            var count = 0
            for property in properties {
                let member = self.shape(of: property.value, depth: depth + 1)
                count += 1 + member.members
                guard count <= Self.memberLimit else { return Sized(shape: .object([], others: .any)) }
                members.append(TextShape.Member(name: property.name, shape: member.shape))
            }
            guard case .collected(let value) = others else {
                return Sized(shape: .object(members, others: nil), members: count)
            }
            let rest = self.shape(of: value, depth: depth + 1)
            return Sized(shape: .object(members, others: rest.shape), members: count + rest.members)
        }
    }
}
