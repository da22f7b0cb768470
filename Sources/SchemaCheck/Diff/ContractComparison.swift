import ContractCompiler
import Foundation

/// Compares two contracts from their clients' point of view.
struct ContractComparison {
    let old: ContractSide
    let new: ContractSide
    let lifecycle: Lifecycle
    private(set) var findings: [Finding] = []
    private let equality: SchemaEquality
    private var effort = 0
    private var search: WitnessSearch

    /// Limits for the whole comparison: the flat schemas, and the keywords applied to witnesses.
    private static let effortLimit = 400_000
    private static let witnessLimit = 4_000_000
    /// The limit on the total size, in bytes, of the values tried as witnesses.
    private static let witnessSizeLimit = 8 << 20

    /// - Parameter days: The minimum number of days between the announcement of a sunset and its date.
    init(old: ContractSource, new: ContractSource, days: Int = 0, now: Date = .now) {
        self.old = ContractSide(old)
        self.new = ContractSide(new)
        lifecycle = Lifecycle(days: days, now: now)
        equality = SchemaEquality(old: old, new: new)
        search = WitnessSearch(old: self.old.flattener, new: self.new.flattener)
        comparePaths()
        compareWebhooks()
        compareSecuritySchemes()
        compareTags()
        var known: Set<String> = []
        findings = findings.filter { known.insert("\($0.code) \($0.operation ?? "") \($0.message)").inserted }
    }

    /// Reports a difference outside of schemas.
    mutating func report(
        _ id: String,
        _ severity: Finding.Severity,
        _ message: String,
        in operation: String,
        at nodes: (old: Node?, new: Node?)
    ) {
        guard let node = nodes.new ?? nodes.old else { return }
        var notes: [Diagnostic.Note] = []
        if nodes.new != nil, let old = nodes.old {
            notes.append(Diagnostic.Note(message: "before", location: old.location))
        }
        findings.append(
            Finding(
                code: id,
                severity: severity,
                message: message,
                location: node.location,
                pointer: node.pointer,
                notes: notes,
                operation: operation
            )
        )
    }

    // MARK: - Paths

    private mutating func comparePaths() {
        let paths = Set(new.operations.values.map { Template.shape($0.template) })
        for (key, operation) in old.operations.sorted(by: { $0.key < $1.key }) {
            guard let other = new.operations[key] else {
                let isWholePath = !paths.contains(Template.shape(operation.template))
                reportRemoved(operation, isWholePath ? "api-path" : "api")
                continue
            }
            compare(operation, other)
        }
        for (key, operation) in new.operations.sorted(by: { $0.key < $1.key }) where old.operations[key] == nil {
            report("endpoint-added", .info, "the operation was added", in: operation.title, at: (nil, operation.node))
        }
    }

    private mutating func reportRemoved(_ operation: ContractSide.Operation, _ prefix: String) {
        let title = operation.title
        switch lifecycle.removal(of: operation.node) {
        case .withoutDeprecation:
            report(
                "\(prefix)-removed-without-deprecation",
                .error,
                "the operation was removed without deprecation",
                in: title,
                at: (operation.node, nil)
            )
        case .beforeSunset(let date):
            report(
                "\(prefix)-removed-before-sunset",
                .error,
                "the operation was removed before its sunset on \(Lifecycle.day(date))",
                in: title,
                at: (operation.node, nil)
            )
        case .allowed:
            report(
                "\(prefix)-removed-with-deprecation",
                .info,
                "the operation was removed after its deprecation",
                in: title,
                at: (operation.node, nil)
            )
        }
    }

    private mutating func compare(_ was: ContractSide.Operation, _ now: ContractSide.Operation) {
        compareLifecycles(was, now)
        compareIdentifiers(was, now)
        compareSecurity(was, now)
        compareParameters(was, now)
        compareBodies(was.node["requestBody"], now.node["requestBody"], was, now)
        compareResponses(was, now)
        compareCallbacks(was, now)
    }

    private mutating func compareLifecycles(_ was: ContractSide.Operation, _ now: ContractSide.Operation) {
        let (before, after) = (was.node["deprecated"]?.boolean == true, now.node["deprecated"]?.boolean == true)
        if before != after {
            report(
                after ? "endpoint-deprecated" : "endpoint-reactivated",
                .info,
                after ? "the operation became deprecated" : "the operation is no longer deprecated",
                in: now.title,
                at: (was.node, now.node)
            )
        }
        for fault in lifecycle.faults(was.node, now.node) {
            let id = ["sunset-deleted": "sunset-deleted"][fault.suffix] ?? "api-\(fault.suffix)"
            report(id, .error, fault.message, in: now.title, at: (was.node, fault.node))
        }
    }

    private mutating func compareIdentifiers(_ was: ContractSide.Operation, _ now: ContractSide.Operation) {
        let (before, after) = (was.node["operationId"], now.node["operationId"])
        let (old, new) = (before?.scalar?.text, after?.scalar?.text)
        guard old != new else { return }
        if let old {
            // Generated clients name their functions after it.
            report(
                "api-operation-id-removed",
                .warn,
                "the operation id '\(old)' \(new.map { "changed to '\($0)'" } ?? "was removed")",
                in: now.title,
                at: (before, after ?? now.node)
            )
        } else {
            report(
                "api-operation-id-added",
                .info,
                "the operation id '\(new ?? "")' was added",
                in: now.title,
                at: (nil, after)
            )
        }
    }

    private mutating func compareCallbacks(_ was: ContractSide.Operation, _ now: ContractSide.Operation) {
        func operations(_ operation: ContractSide.Operation, _ side: ContractSide) -> [String: ContractSide.Operation] {
            var found: [String: ContractSide.Operation] = [:]
            for callback in operation.node["callbacks"]?.members ?? [] {
                for member in side.source.followed(callback.value)?.members ?? [] where !member.key.hasPrefix("x-") {
                    for operation in side.operations(of: member) {
                        found["\(callback.key) \(operation.method) \(member.key)"] = operation
                    }
                }
            }
            return found
        }
        compareOutgoing(
            operations(was, old),
            operations(now, new),
            removed: "callback-removed",
            added: "callback-added"
        )
    }

    private mutating func compareWebhooks() {
        compareOutgoing(old.webhooks, new.webhooks, removed: "webhook-removed", added: "webhook-added")
    }

    /// Compares webhooks and callbacks. The server sends these requests, so wider ones break their receivers.
    private mutating func compareOutgoing(
        _ was: [String: ContractSide.Operation],
        _ now: [String: ContractSide.Operation],
        removed: String,
        added: String
    ) {
        for (key, operation) in was.sorted(by: { $0.key < $1.key }) {
            guard let other = now[key] else {
                report(
                    removed,
                    .error,
                    "the request '\(operation.title)' is no longer sent",
                    in: operation.title,
                    at: (operation.node, nil)
                )
                continue
            }
            guard let before = operation.node["requestBody"].flatMap(old.source.followed),
                let after = other.node["requestBody"].flatMap(new.source.followed)
            else { continue }
            compareContents(
                before,
                after,
                .init(direction: .response, scope: .body, name: "the body", operation: other.title)
            )
        }
        for (key, operation) in now.sorted(by: { $0.key < $1.key }) where was[key] == nil {
            report(
                added,
                .info,
                "the request '\(operation.title)' is now sent",
                in: operation.title,
                at: (nil, operation.node)
            )
        }
    }

    private mutating func compareTags() {
        func names(_ side: ContractSide) -> [(String, Node)] {
            (side.source.root["tags"]?.items ?? []).compactMap { tag in tag["name"]?.scalar.map { ($0.text, tag) } }
        }
        let (was, now) = (names(old), names(new))
        let (before, after) = (Set(was.map(\.0)), Set(now.map(\.0)))
        for (name, node) in was where !after.contains(name) {
            report("api-tag-removed", .info, "the tag '\(name)' was removed", in: "the document", at: (node, nil))
        }
        for (name, node) in now where !before.contains(name) {
            report("api-tag-added", .info, "the tag '\(name)' was added", in: "the document", at: (nil, node))
        }
    }

    // MARK: - Schemas

    private static func isBreakingIfProven(_ id: String) -> Bool {
        id == "request-property-removed" || id.hasSuffix("-one-of-ambiguous")
    }

    /// Compares the schemas of one value in a request or response.
    mutating func compareSchemas(_ was: Node, _ now: Node, _ place: Place) {
        var comparison = SchemaComparison(
            old: old.flattener,
            new: new.flattener,
            place: place,
            lifecycle: lifecycle,
            equality: equality,
            effortLimit: min(SchemaComparison.effortLimit, Self.effortLimit - effort)
        )
        comparison.compare([was], [now])
        effort += comparison.effort
        for var difference in comparison.differences {
            var witness: Finding.Witness?
            let spent = old.source.validationSteps + new.source.validationSteps
            if difference.severity >= .warn, spent < Self.witnessLimit, search.size < Self.witnessSizeLimit {
                witness = search.witness(of: difference, at: place, old: was, new: now)
            }
            // A witness proves that the change breaks clients.
            if witness != nil, Self.isBreakingIfProven(difference.id) { difference.severity = .error }
            report(
                difference.id,
                difference.severity,
                difference.message,
                in: place.operation,
                at: (difference.old, difference.new)
            )
            findings[findings.count - 1].witness = witness
        }
        if !comparison.isComplete || old.flattener.isTruncated || new.flattener.isTruncated {
            report(
                "comparison-incomplete",
                .warn,
                "\(place.name): the schemas are too large: only a part was compared",
                in: place.operation,
                at: (was, now)
            )
        }
    }
}
