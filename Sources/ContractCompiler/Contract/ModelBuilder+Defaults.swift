internal import Formats
internal import Patterns

extension ModelBuilder {
    /// The value of a `default`, checked against its type. Returns nil, and adds a warning, if the default does not match the type or has
    /// no Swift literal.
    mutating func defaultValue(_ node: Node, for value: Value) -> DefaultValue? {
        if let known = matched(node, value) { return known }
        if node.scalar?.kind == .null { return nil }
        let found = node.scalar.map { "'\($0.text)'" } ?? node.kindDescription
        let message = "the default \(found) is ignored: it does not match \(value.swiftType), or has no Swift literal"
        if node.scalar == nil {
            reader.log.warning(.defaultValue, message, at: node.location)
        } else {
            reader.log.strictly(.defaultValue, message, at: node.location)
        }
        return nil
    }

    private func matched(_ node: Node, _ value: Value) -> DefaultValue? {
        guard value.rule == nil else { return nil }
        let text = node.scalar?.text ?? ""
        switch value.kind {
        case .string(let constraints):
            guard node.scalar.map({ $0.kind != .null }) == true, fits(text, constraints) else { return nil }
            return .text(text)
        case .integer(let minimum, let maximum):
            guard let number = node.jsonNumber.flatMap({ ExactNumber($0) })?.integer,
                number >= minimum ?? .min, number <= maximum ?? .max
            else { return nil }
            return .integer(number)
        case .number(let minimum, let maximum), .decimal(let minimum, let maximum, _):
            guard let text = node.jsonNumber, let number = ExactNumber(text),
                minimum.flatMap({ ExactNumber($0) }).map({ $0 <= number }) ?? true,
                maximum.flatMap({ ExactNumber($0) }).map({ number <= $0 }) ?? true
            else { return nil }
            if case .decimal = value.kind { return .decimal(text) }
            return .number(text)
        case .boolean: return node.boolean.map(DefaultValue.boolean)
        case .object: return node.members?.isEmpty == true ? .emptyObject : nil
        case .map: return node.members?.isEmpty == true ? .emptyMap : nil
        case .array(let element, let minItems, let maxItems):
            guard let items = node.items, items.count >= minItems ?? 0, items.count <= maxItems ?? .max else {
                return nil
            }
            let values = items.compactMap { matched($0, element) }
            return values.count == items.count ? .array(values) : nil
        case .named(let name): return enumerationValue(text, of: name)
        default: return nil
        }
    }

    /// The node converted to the type of `value`: a plain scalar becomes a string where a string is expected.
    private func directed(_ node: Node, by value: Value, _ modelsByName: [String: Model], depth: Int = 0) -> Node {
        guard depth < 64 else { return node }
        func with(_ changed: Node.Value) -> Node {
            Node(value: changed, location: node.location, pointer: node.pointer)
        }
        switch (value.kind, node.value) {
        case (.string, .scalar(let scalar)), (.timestamp, .scalar(let scalar)), (.date, .scalar(let scalar)),
            (.uuid, .scalar(let scalar)), (.bytes, .scalar(let scalar)):
            guard scalar.kind == .number || scalar.kind == .boolean, !node.location.file.isJSON else { return node }
            return with(.scalar(.init(kind: .string, text: scalar.text)))
        case (.array(let element, _, _), .sequence(let items)):
            return with(.sequence(items.map { directed($0, by: element, modelsByName, depth: depth + 1) }))
        case (.map(let element), .mapping(let members)):
            return with(
                .mapping(
                    members.map {
                        .init(
                            key: $0.key,
                            keyLocation: $0.keyLocation,
                            value: directed($0.value, by: element, modelsByName, depth: depth + 1)
                        )
                    }
                )
            )
        case (.named(let name), _):
            guard let model = modelsByName[name] else { return node }
            switch (model.shape, node.value) {
            case (.alias(let inner), _), (.wrapper(let inner), _):
                return directed(node, by: inner, modelsByName, depth: depth + 1)
            case (.enumeration(let enumeration), .scalar) where !enumeration.isInteger:
                return directed(node, by: Value(kind: .string(TextConstraints())), modelsByName, depth: depth + 1)
            case (.structure(let properties, _), .mapping(let members)):
                let values = Dictionary(properties.map { ($0.name, $0.value) }) { first, _ in first }
                return with(
                    .mapping(
                        members.map { member in
                            let inner = values[member.key].map {
                                directed(member.value, by: $0, modelsByName, depth: depth + 1)
                            }
                            return .init(key: member.key, keyLocation: member.keyLocation, value: inner ?? member.value)
                        }
                    )
                )
            default: return node
            }
        default: return node
        }
    }

    /// The examples, decoded as their types.
    var directedExamples: [Example] {
        let models = Dictionary(models.map { ($0.name, $0) }) { first, _ in first }
        return examples.map { Example(node: directed($0.node, by: $0.value, models), value: $0.value) }
    }

    private func enumerationValue(_ text: String, of name: String) -> DefaultValue? {
        guard let model = model(name) else { return nil }
        switch model.shape {
        case .enumeration(let enumeration):
            let value = enumeration.isInteger ? Int(text).map(Enumeration.Value.integer) : .text(text)
            return enumeration.values.firstIndex { $0 == value }.map { .enumeration(name, enumeration, $0) }
        case .alias(let value):
            return matched(
                Node(value: .scalar(.init(kind: .string, text: text)), location: model.node.location, pointer: ""),
                value
            )
        default: return nil
        }
    }

    private func fits(_ text: String, _ constraints: TextConstraints) -> Bool {
        let length = text.unicodeScalars.count
        guard length >= constraints.minLength ?? 0, length <= constraints.maxLength ?? .max else { return false }
        if let source = constraints.pattern, let pattern = try? Pattern(source), !pattern.matches(text) { return false }
        return constraints.format?.matches(text) ?? true
    }
}
