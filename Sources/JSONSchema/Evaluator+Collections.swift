internal import ContractCompiler
internal import Formats
internal import Patterns

/// Evaluates the keywords of arrays and objects.
extension Evaluator {
    mutating func apply(
        _ clause: CompiledSchema.Clause,
        of schema: CompiledSchema,
        to instance: Node,
        _ items: [Node],
        _ path: Path,
        _ evaluated: inout Evaluated
    ) throws(SchemaError) -> Bool {
        let inner = path.adding(clause.name)
        var isValid = true
        switch clause.assertion {
        case .prefixItems(let schemas):
            for (position, (item, branch)) in zip(items, schemas).enumerated() {
                evaluated.items.insert(position)
                if try evaluate(branch, item, inner.adding("\(position)")) == nil { isValid = false }
            }
        case .items(let branch, let first):
            for (position, item) in items.enumerated().dropFirst(first) {
                evaluated.items.insert(position)
                if try evaluate(branch, item, inner) == nil { isValid = false }
            }
        case .contains(let branch, let minimum, let maximum):
            var count = 0
            for (position, item) in items.enumerated() where try holds(branch, item, inner) != nil {
                evaluated.items.insert(position)
                count += 1
            }
            if count < minimum {
                let keyword = clause.name == "contains" && minimum == 1 ? "contains" : "minContains"
                fail(schema, keyword, path, instance, "\(count) items match, expected at least \(minimum)")
                isValid = false
            }
            if let maximum, count > maximum {
                fail(schema, "maxContains", path, instance, "\(count) items match, expected at most \(maximum)")
                isValid = false
            }
        case .unevaluatedItems(let branch):
            for (position, item) in items.enumerated() where evaluated.items.insert(position).inserted {
                if try evaluate(branch, item, inner) == nil { isValid = false }
            }
        default: break
        }
        return isValid
    }

    mutating func apply(
        _ clause: CompiledSchema.Clause,
        of schema: CompiledSchema,
        to instance: Node,
        _ members: [Node.Member],
        _ path: Path,
        _ evaluated: inout Evaluated
    ) throws(SchemaError) -> Bool {
        let inner = path.adding(clause.name)
        var isValid = true
        func check(_ branch: CompiledSchema, _ member: Node.Member, _ path: Path) throws(SchemaError) {
            evaluated.properties.insert(Array(member.key.utf8))
            if try evaluate(branch, member.value, path) == nil { isValid = false }
        }
        switch clause.assertion {
        case .properties(let schemas):
            for (name, branch, member) in schemas.matches(members) {
                try check(branch, member, inner.adding(JSONPointer.escape(name)))
            }
        case .patternProperties(let schemas):
            for (pattern, branch) in schemas {
                for member in members where pattern.matches(member.key) {
                    try check(branch, member, inner.adding(JSONPointer.escape(pattern.source)))
                }
            }
        case .additionalProperties(let branch, let names, let patterns):
            for member in members
            where !names.contains(Array(member.key.utf8)) && !patterns.contains(where: { $0.matches(member.key) }) {
                try check(branch, member, inner)
            }
        case .propertyNames(let branch):
            for member in members {
                let name = Node(
                    value: .scalar(.init(kind: .string, text: member.key)),
                    location: member.keyLocation,
                    pointer: member.value.pointer
                )
                if try evaluate(branch, name, inner) == nil { isValid = false }
            }
        case .unevaluatedProperties(let branch):
            for member in members where !evaluated.properties.contains(Array(member.key.utf8)) {
                try check(branch, member, inner)
            }
        default: break
        }
        return isValid
    }
}

extension Node {
    /// The member with exactly this name. Swift's comparison treats canonically equivalent strings as equal.
    func member(_ name: String) -> Member? {
        members?.first { $0.key.utf8.elementsEqual(name.utf8) }
    }

    func has(_ name: String) -> Bool { member(name) != nil }
}
