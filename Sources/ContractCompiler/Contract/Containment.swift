/// Finds models that contain themselves by value, directly or through others. They need indirect storage.
struct Containment {
    private var edges: [String: [String]] = [:]
    private var components: [String: Int] = [:]

    init(_ models: [Model]) {
        for model in models { edges[model.name] = Self.contained(in: model.shape) }
        findComponents(models.map(\.name))
    }

    /// Whether a value of `inner`, as part of `outer`, may contain an `outer` again.
    func isCyclic(_ outer: String, _ inner: Value) -> Bool {
        guard case .named(let name) = inner.kind else { return false }
        return components[outer] != nil && components[outer] == components[name]
            && (outer != name || edges[outer]?.contains(name) == true)
    }

    /// Whether a model is part of a cycle.
    func isCyclic(_ name: String) -> Bool {
        (edges[name] ?? []).contains { components[$0] == components[name] }
    }

    private static func contained(in shape: Model.Shape) -> [String] {
        let values: [Value] =
            switch shape {
            case .structure(let properties, _): properties.map(\.value)
            case .union(let union): union.branches.map(\.value)
            case .tuple(let elements, _, _): elements
            case .alias(let value): [value]
            // Arrays and maps store their elements indirectly.
            case .wrapper, .enumeration: []
            }
        return values.compactMap { if case .named(let name) = $0.kind { name } else { nil } }
    }

    /// Strongly connected components, without recursion (Tarjan 1972).
    private mutating func findComponents(_ names: [String]) {
        var index: [String: Int] = [:]
        var low: [String: Int] = [:]
        var stack: [String] = []
        var onStack: Set<String> = []
        for root in names where index[root] == nil {
            var work: [(name: String, next: Int)] = [(root, 0)]
            while let (name, next) = work.last {
                if next == 0 {
                    index[name] = index.count
                    low[name] = index[name]
                    stack.append(name)
                    onStack.insert(name)
                }
                let targets = edges[name] ?? []
                if next < targets.count {
                    work[work.count - 1].next += 1
                    let target = targets[next]
                    if index[target] == nil {
                        work.append((target, 0))
                    } else if onStack.contains(target) {
                        low[name] = min(low[name] ?? 0, index[target] ?? 0)
                    }
                    continue
                }
                work.removeLast()
                if let parent = work.last?.name { low[parent] = min(low[parent] ?? 0, low[name] ?? 0) }
                guard low[name] == index[name] else { continue }
                let number = components.count
                while let member = stack.popLast() {
                    onStack.remove(member)
                    components[member] = number
                    if member == name { break }
                }
            }
        }
    }
}
