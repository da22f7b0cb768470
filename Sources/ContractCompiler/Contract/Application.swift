/// The schemas that a schema applies to the same value: those of its `allOf`, its alternatives and conditions, and its references.
struct Application {
    /// Whether one of them applies it to the same value again, so that validation would not end.
    var isCircular = false
    /// The maximum length of a chain of schemas that apply to the same value.
    var depth = 0

    /// The limit of `depth`. Walks over the schemas of one value recurse, and this bounds them.
    static let depthLimit = 500

    fileprivate mutating func add(_ next: Application) {
        isCircular = isCircular || next.isCircular
        depth = max(depth, next.depth + 1)
    }
}

extension ModelBuilder {
    private struct Step {
        let key: NodeKey
        let schema: Schema
        var rest: ArraySlice<Schema>
        var application = Application()
    }

    /// The schemas that `schema` applies to the same value. Computed once per schema and without recursion.
    mutating func application(of schema: Schema) -> Application {
        if let known = applications[NodeKey(schema.node)] { return known }
        var work = [opened(schema)]
        while var step = work.popLast() {
            guard let next = step.rest.popFirst() else {
                close(step)
                if work.isEmpty { return step.application }
                work[work.count - 1].application.add(step.application)
                continue
            }
            let known = applications[NodeKey(next.node)]
            if let known { step.application.add(known) }
            work.append(step)
            if known == nil { work.append(opened(next)) }
        }
        return Application()
    }

    private mutating func opened(_ schema: Schema) -> Step {
        let key = NodeKey(schema.node)
        // A schema that is reached again while it is open starts a cycle.
        applications[key] = Application(isCircular: true)
        return Step(key: key, schema: schema, rest: applied(by: schema)[...])
    }

    private mutating func close(_ step: Step) {
        applications[step.key] = step.application
        guard step.application.depth == Application.depthLimit + 1 else { return }
        log.error(
            .nesting,
            "more than \(Application.depthLimit) nested schemas apply to one value",
            at: step.schema.node.location
        )
    }

    private mutating func applied(by schema: Schema) -> [Schema] {
        var applied = schema.allOf + schema.anyOf + schema.oneOf + schema.dependentSchemas.map(\.schema)
        applied += [schema.not, schema.condition, schema.then, schema.otherwise].compactMap(\.self)
        if let reference = schema.reference, let target = follow(reference, from: schema) { applied.append(target) }
        return applied
    }
}
