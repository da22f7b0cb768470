extension ModelBuilder {
    /// The final models: recursive values get indirect storage, and each property gets its directions.
    ///
    /// - Parameters:
    ///   - requests: The values that operations read. Read-only properties are omitted from them.
    ///   - responses: The values that operations return. Write-only properties are omitted from them.
    mutating func finishedModels(requests: [Value], responses: [Value]) -> [Model] {
        let containment = Containment(models)
        let read = reached(from: requests)
        let written = reached(from: responses)
        let constants = constants()
        return models.map { model in
            var model = model
            model.isRecursive = containment.isCyclic(model.name)
            if case .union(var union) = model.shape {
                union.isIndirect = model.isRecursive
                model.shape = .union(union)
            }
            guard case .structure(let properties, let others) = model.shape else { return model }
            let finished = properties.map { property in
                var property = property
                property.isIndirect = containment.isCyclic(model.name, property.value)
                // A model that is used in one direction only needs no second view.
                if !read.contains(model.name) { property.isReadOnly = false }
                if !written.contains(model.name) { property.isWriteOnly = false }
                if !property.isOptional, case .named(let name) = property.value.kind {
                    property.onlyChoice = constants[name]
                }
                return property
            }
            model.shape = .structure(finished, others: others)
            return model
        }
    }

    /// The enumerations with one case, by name.
    private func constants() -> [String: Enumeration] {
        var constants: [String: Enumeration] = [:]
        for model in models {
            guard case .enumeration(let enumeration) = model.shape, enumeration.values.count == 1, !enumeration.isOpen
            else { continue }
            constants[model.name] = enumeration
        }
        return constants
    }

    /// The models that values of these types may contain.
    private func reached(from roots: [Value]) -> Set<String> {
        let shapes = Dictionary(models.map { ($0.name, $0.shape) }) { first, _ in first }
        var reached: Set<String> = []
        var work = roots.flatMap(Self.names)
        while let name = work.popLast() {
            guard reached.insert(name).inserted, let shape = shapes[name] else { continue }
            switch shape {
            case .structure(let properties, let others):
                work += properties.flatMap { Self.names($0.value) }
                if case .collected(let value) = others { work += Self.names(value) }
            case .union(let union): work += union.branches.flatMap { Self.names($0.value) }
            case .tuple(let elements, _, let rest): work += (elements + [rest].compactMap(\.self)).flatMap(Self.names)
            case .alias(let value), .wrapper(let value): work += Self.names(value)
            case .enumeration: break
            }
        }
        return reached
    }

    private static func names(_ value: Value) -> [String] {
        switch value.kind {
        case .named(let name): [name]
        case .array(let element, _, _), .map(let element): names(element)
        default: []
        }
    }

    /// The value of a multipart body, where strings of bytes are files.
    mutating func withFiles(_ value: Value, encoding: [Node.Member]) -> Value {
        guard case .named(let name) = value.kind, case .structure(let properties, let others)? = model(name)?.shape
        else { return value }
        let changed = properties.map { property in
            var property = property
            property.value = fileValue(property)
            return property
        }
        change(name) { $0.shape = .structure(changed, others: others) }
        return value
    }

    private func fileValue(_ property: Property) -> Value {
        var value = property.value
        if case .array(let element, let least, let most) = value.kind, isFile(property.node["items"], element) {
            value.kind = .array(of: Value(kind: .file), minItems: least, maxItems: most)
        } else if isFile(property.node, value) {
            value.kind = .file
        }
        return value
    }

    /// `format: binary`, or a media type without an encoding (OpenAPI 3.1, "Considerations for File Uploads").
    private func isFile(_ node: Node?, _ value: Value) -> Bool {
        guard let node else { return false }
        let isBinary =
            node["format"]?.string == "binary" || (node["contentMediaType"] != nil && node["contentEncoding"] == nil)
        switch value.kind {
        case .string, .any: return isBinary
        default: return false
        }
    }
}

/// Finds models that contain themselves by value, directly or through others. They need indirect storage.
private struct Containment {
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
