/// The schemas that a schema applies to the same value: those of its `allOf`, its alternatives and conditions, and its references.
struct Application {
    /// Whether it is applied to the value again by one of them, and so would never come to an end.
    var isCircular = false
    /// How many schemas apply the next one to the same value, at most.
    var depth = 0

    /// The most that is followed. Walks over what applies to one value recurse; this bounds them.
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

    /// The schemas that `schema` applies to the same value, found once for each schema and without recursion.
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
        // A schema that is met again while it is open starts a cycle.
        applications[key] = Application(isCircular: true)
        return Step(key: key, schema: schema, rest: applied(by: schema)[...])
    }

    private mutating func close(_ step: Step) {
        applications[step.key] = step.application
        guard step.application.depth == Application.depthLimit + 1 else { return }
        log.error(
            .nesting,
            "more than \(Application.depthLimit) schemas apply to one value, one inside of the other",
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
