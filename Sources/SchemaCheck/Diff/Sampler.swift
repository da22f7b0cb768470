import ContractCompiler
import Formats
import JSONSchema
import Patterns

/// Generates small values that a schema allows, as candidates for witnesses. Correctness does not depend on it: every candidate is
/// validated before it is shown.
struct Sampler {
    let flattener: Flattener
    /// The approximate size of the generated values, in bytes.
    private(set) var size = 0

    /// The maximum size of a witness, in bytes: people read it.
    private static let sizeLimit = 1 << 20

    init(flattener: Flattener) {
        self.flattener = flattener
    }

    /// Varied texts, to find one that a schema allows.
    private static let words = [
        "a", "A", "0", "text", "TEXT", "abc", "ABC", "a1", "Aa1", "123", "1.5", "-1", "a-b", "a_b", "a b", "A_B",
        "BTCUSDT", "1234567890", "2026-01-01",
        "2026-01-01T00:00:00Z", "00000000-0000-4000-8000-000000000000", "https://example.com/", "a@example.com", "USD",
        "en", "DE", "0x1f", "#00ff00",
        "abcdefghijklmnop", "0123456789abcdef", "", "é", " ",
    ]

    static let texts: [Probe] = words.map { .value(SyntheticNode.string($0)) }

    /// A value of the schemas with the probe at the place that the steps lead to.
    mutating func value(_ nodes: [Node], _ steps: ArraySlice<Step>, _ probe: Probe, depth: Int = 0) -> Node? {
        guard depth < 24, hasRoom(for: 16) else { return nil }
        var steps = steps
        let flat = chosen(nodes, &steps)
        guard let step = steps.first else { return leaf(flat, probe, depth) }
        let rest = steps.dropFirst()
        switch step {
        case .property(let name):
            guard let part = flat.properties[name], let value = value(part, rest, probe, depth: depth + 1) else {
                return nil
            }
            return object(flat, with: [(name, value)], depth)
        case .extra:
            guard let value = value(flat.additional, rest, probe, depth: depth + 1) else { return nil }
            return object(flat, with: [("extra", value)], depth)
        case .item:
            guard
                let value = value(
                    flat.items.isEmpty ? flat.prefixItems.first ?? [] : flat.items,
                    rest,
                    probe,
                    depth: depth + 1
                )
            else { return nil }
            return array(of: value, count: max(1, flat.counts["minItems"] ?? 1))
        case .branch: return nil
        }
    }

    /// The flat schema with an alternative of each group chosen: the one in the steps, else one that has the next property.
    private func chosen(_ nodes: [Node], _ steps: inout ArraySlice<Step>) -> FlatSchema {
        var flat = flattener.flat(nodes)
        for _ in 0..<16 where !flat.groups.isEmpty {
            let group = flat.groups.removeFirst()
            var branch: Node?
            if case .branch(let index)? = steps.first {
                branch = index < group.branches.count ? group.branches[index] : nil
                steps = steps.dropFirst()
            }
            if let branch = branch ?? preferred(group.branches, steps.first) { flat.merge(flattener.flat(branch)) }
        }
        return flat
    }

    private func preferred(_ branches: [Node], _ step: Step?) -> Node? {
        guard case .property(let name)? = step else { return branches.first }
        return branches.first { flattener.flat($0).properties[name] != nil } ?? branches.first
    }

    private mutating func leaf(_ flat: FlatSchema, _ probe: Probe, _ depth: Int) -> Node? {
        switch probe {
        case .value(let node): return node
        case .sample: return any(flat, depth)
        case .without(let name): return object(flat, without: name, depth)
        case .with(let name, let value):
            let value =
                value ?? flat.properties[name].flatMap { self.value($0, [], .sample, depth: depth + 1) }
                ?? SyntheticNode.number("1")
            return object(flat, with: [(name, value)], depth)
        case .length(let length): return text(flat, length: length)
        case .count(let count):
            if flat.effectiveTypes.contains("array") {
                guard let item = value(flat.items, [], .sample, depth: depth + 1) else { return nil }
                return array(of: item, count: Int(min(count.magnitude, 10_000)))
            }
            return object(
                flat,
                with: (0..<min(count.magnitude, 1_000)).map { ("member\($0)", SyntheticNode.number("1")) },
                depth
            )
        }
    }

    /// A value that the schema allows.
    private mutating func any(_ flat: FlatSchema, _ depth: Int) -> Node? {
        if let value = flat.values?.first(where: { $0.jsonType != "null" }) ?? flat.values?.first { return value }
        for node in flat.sources {
            if let example = node["example"] ?? node["examples"]?.items?.first ?? node["default"] { return example }
        }
        let types = flat.effectiveTypes
        let type = ["object", "array", "string", "integer", "number", "boolean", "null"].first(where: types.contains)
        switch flat.types == nil && flat.properties.isEmpty && flat.required.isEmpty && flat.items.isEmpty
            ? "string" : type
        {
        case "object": return object(flat, depth)
        case "array":
            let count = flat.counts["minItems"] ?? 0
            guard count > 0 else { return SyntheticNode.node.with(.sequence([])) }
            guard let item = value(flat.items, [], .sample, depth: depth + 1) else { return nil }
            return array(of: item, count: min(count, 100))
        case "string": return text(flat, length: nil)
        case "integer", "number": return number(flat)
        case "boolean": return SyntheticNode.node.with(.scalar(.init(kind: .boolean, text: "true")))
        case "null": return SyntheticNode.node
        default: return nil
        }
    }

    private mutating func object(
        _ flat: FlatSchema,
        with extra: [(String, Node)] = [],
        without left: String? = nil,
        _ depth: Int
    ) -> Node? {
        var members = extra
        var names = Set(extra.map(\.0))
        for name in flat.required.sorted() where name != left && names.insert(name).inserted {
            guard hasRoom(for: name.utf8.count),
                let value = value(flat.properties[name] ?? [], [], .sample, depth: depth + 1)
            else { return nil }
            members.append((name, value))
        }
        let least = flat.counts["minProperties"] ?? 0
        // Most objects need no additional properties, so sort the names only here.
        for name in members.count < least ? flat.properties.keys.sorted() : [] where members.count < least {
            if name == left || names.contains(name) { continue }
            if let value = value(flat.properties[name] ?? [], [], .sample, depth: depth + 1) {
                members.append((name, value))
            }
        }
        return SyntheticNode.node.with(
            .mapping(members.map { Node.Member(key: $0.0, keyLocation: SyntheticNode.location, value: $0.1) })
        )
    }

    /// An array of equal items; nil if it would be too large.
    private mutating func array(of item: Node, count: Int) -> Node? {
        let (bytes, isTooLarge) = Self.size(of: item).multipliedReportingOverflow(by: count)
        guard !isTooLarge, hasRoom(for: bytes) else { return nil }
        return SyntheticNode.node.with(.sequence(Array(repeating: item, count: count)))
    }

    private mutating func hasRoom(for bytes: Int) -> Bool {
        guard bytes <= Self.sizeLimit - size else { return false }
        size += bytes
        return true
    }

    private static func size(of node: Node) -> Int {
        switch node.value {
        case .scalar(let scalar): scalar.text.utf8.count + 16
        case .sequence(let items): items.reduce(16) { $0 + size(of: $1) }
        case .mapping(let members): members.reduce(16) { $0 + $1.key.utf8.count + size(of: $1.value) }
        }
    }

    private func text(_ flat: FlatSchema, length: Int?) -> Node? {
        let least = length ?? flat.counts["minLength"] ?? 0
        let most = length ?? flat.counts["maxLength"] ?? .max
        let patterns = flat.patterns.compactMap { try? Pattern($0) }
        let format = flat.formats.first
        let candidates = Self.words.flatMap { word -> [String] in
            let scalars = Array(word.unicodeScalars)
            guard scalars.count < least || scalars.count > most else { return [word] }
            guard let last = scalars.last else { return [] }
            var fitted = String.UnicodeScalarView(scalars.prefix(most))
            fitted.append(contentsOf: Array(repeating: last, count: max(0, min(least, 10_000) - fitted.count)))
            return [String(fitted)]
        }
        let fits = candidates.first { text in
            patterns.allSatisfy { $0.matches(text) } && (format.flatMap(Format.init)?.matches(text) ?? true)
        }
        return fits.map(SyntheticNode.string)
    }

    private func number(_ flat: FlatSchema) -> Node? {
        let bounds = [flat.minimum, flat.maximum].compactMap { $0 }
        let candidates =
            ["0", "1"].map(SyntheticNode.number) + bounds.map(\.node)
            + bounds.map { $0.node.number(beyond: $0, upwards: true) }
            + bounds.map { $0.node.number(beyond: $0, upwards: false) }
        return candidates.first { candidate in
            guard let number = candidate.number else { return false }
            if let bound = flat.minimum, number < bound.value || number == bound.value && bound.isExclusive {
                return false
            }
            if let bound = flat.maximum, bound.value < number || number == bound.value && bound.isExclusive {
                return false
            }
            return flat.divisors.allSatisfy { number.isMultiple(of: $0) == true }
        }
    }
}

extension Node {
    /// A number beyond a bound by one.
    func number(beyond bound: FlatSchema.Bound, upwards: Bool) -> Node {
        guard let integer = bound.value.integer, integer.magnitude < Int.max / 2 else {
            // A fraction needs a number far beyond the bound.
            return SyntheticNode.number(upwards ? "1e300" : "-1e300")
        }
        return SyntheticNode.number("\(integer + (upwards ? 1 : -1))")
    }
}
