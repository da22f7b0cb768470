import ContractCompiler
import Formats
import JSONSchema

/// Compares bounds, counts, patterns, formats and defaults.
extension SchemaComparison {
    /// Reports a changed limit. `isTighter` means that fewer values are allowed than before.
    private mutating func reportLimit(
        _ suffix: String,
        isTighter: Bool,
        isNew: Bool,
        _ message: String,
        _ before: FlatSchema,
        _ after: FlatSchema,
        at nodes: (old: Node?, new: Node?) = (nil, nil),
        probes: [Probe]
    ) {
        // A new limit is a warning: it may only document a limit that the server always enforced.
        let severity: Finding.Severity = isTighter != isRequest ? .info : isRequest && isNew ? .warn : .error
        report(suffix, severity, message, before, after, at: nodes, probes: probes)
    }

    mutating func compareBounds(_ before: FlatSchema, _ after: FlatSchema) {
        for (name, was, now, isMaximum) in [
            ("min", before.minimum, after.minimum, false), ("max", before.maximum, after.maximum, true),
        ] {
            let word = isMaximum ? "maximum" : "minimum"
            func text(_ bound: FlatSchema.Bound) -> String {
                "\(bound.node.scalar?.text ?? "")\(bound.isExclusive ? " (exclusive)" : "")"
            }
            switch (was, now) {
            case (nil, nil): continue
            case (nil, let now?):
                let name = now.isExclusive ? "exclusive-\(name)" : name
                let probes = [Probe.sample, .value(now.node.number(beyond: now, upwards: isMaximum))]
                reportLimit(
                    "\(name)-set",
                    isTighter: true,
                    isNew: true,
                    "the \(word) \(text(now)) was added",
                    before,
                    after,
                    at: (nil, now.node),
                    probes: probes
                )
            case (let was?, nil):
                let name = was.isExclusive ? "exclusive-\(name)" : name
                let probes = [Probe.value(was.node.number(beyond: was, upwards: isMaximum))]
                reportLimit(
                    "\(name)-unset",
                    isTighter: false,
                    isNew: false,
                    "the \(word) \(text(was)) was removed",
                    before,
                    after,
                    at: (was.node, nil),
                    probes: probes
                )
            case (let was?, let now?):
                guard was.value != now.value || was.isExclusive != now.isExclusive else { continue }
                let grew =
                    was.value < now.value || was.value == now.value && (isMaximum ? was.isExclusive : now.isExclusive)
                let isTighter = grew != isMaximum
                let name = was.isExclusive && now.isExclusive ? "exclusive-\(name)" : name
                let refusing = isRequest ? now : was
                let probes = [was.node, now.node, refusing.node.number(beyond: refusing, upwards: isMaximum)].map(
                    Probe.value
                )
                reportLimit(
                    "\(name)-\(grew ? "increased" : "decreased")",
                    isTighter: isTighter,
                    isNew: false,
                    "the \(word) changed from \(text(was)) to \(text(now))",
                    before,
                    after,
                    at: (was.node, now.node),
                    probes: probes
                )
            }
        }
    }

    private static let countNames = [
        "minLength": "min-length", "maxLength": "max-length", "minItems": "min-items", "maxItems": "max-items",
        "minProperties": "min-properties", "maxProperties": "max-properties",
    ]

    mutating func compareCounts(_ before: FlatSchema, _ after: FlatSchema) {
        for (keyword, name) in Self.countNames.sorted(by: { $0.key < $1.key }) {
            let (was, now) = (before.counts[keyword], after.counts[keyword])
            guard was != now else { continue }
            let isMaximum = keyword.hasPrefix("max")
            let unit = keyword.hasSuffix("Length") ? "characters" : keyword.hasSuffix("Items") ? "items" : "members"
            let isTighter = isMaximum ? (now ?? .max) < (was ?? .max) : (now ?? 0) > (was ?? 0)
            let word = isMaximum ? "maximum" : "minimum"
            let refusing = (isRequest ? now : was) ?? 0
            let length = isMaximum ? min(refusing, 10_000) + 1 : max(refusing - 1, 0)
            let probe: Probe = unit == "characters" ? .length(length) : .count(length)
            let message: String
            let suffix: String
            switch (was, now) {
            case (nil, let now?):
                (suffix, message) = (isMaximum ? "set" : "increased", "the \(word) of \(now) \(unit) was added")
            case (let was?, nil):
                (suffix, message) = (
                    isMaximum ? "unset" : isRequest ? "decreased" : "unset", "the \(word) of \(was) \(unit) was removed"
                )
            case (let was, let now):
                suffix = (now ?? 0) > (was ?? 0) ? "increased" : "decreased"
                message = "the \(word) changed from \(was ?? 0) to \(now ?? 0) \(unit)"
            }
            reportLimit(
                "\(name)-\(suffix)",
                isTighter: isTighter,
                isNew: was == nil && isMaximum,
                message,
                before,
                after,
                probes: [probe]
            )
        }
        if before.hasUniqueItems != after.hasUniqueItems {
            let isSet = after.hasUniqueItems
            report(
                "unique-items-\(isSet ? "added" : "removed")",
                isSet == isRequest ? .error : .info,
                isSet ? "'uniqueItems' was added" : "'uniqueItems' was removed",
                before,
                after,
                probes: [.count(-2)]
            )
        }
        for (was, now) in [(before.divisors, after.divisors)] where was != now {
            let isTighter = !now.isSubset(of: was)
            let suffix = was.isEmpty ? "multiple-of-added" : now.isEmpty ? "multiple-of-removed" : "multiple-of-changed"
            let breaks = was.isEmpty ? isRequest : now.isEmpty ? !isRequest : true
            report(
                suffix,
                breaks ? .error : .info,
                isTighter ? "'multipleOf' became stricter" : "'multipleOf' became less strict",
                before,
                after,
                at: (before.keyword("multipleOf"), after.keyword("multipleOf")),
                probes: ["1", "0.5", "3", "7"].map { .value(SyntheticNode.number($0)) }
            )
        }
    }

    mutating func compareTexts(_ before: FlatSchema, _ after: FlatSchema) {
        if before.patterns != after.patterns {
            let (was, now) = (
                before.patterns.sorted().joined(separator: "', '"), after.patterns.sorted().joined(separator: "', '")
            )
            if before.patterns.isEmpty {
                report(
                    "pattern-added",
                    isRequest ? .error : .info,
                    "the pattern '\(now)' was added",
                    before,
                    after,
                    at: (nil, after.keyword("pattern")),
                    probes: Sampler.texts
                )
            } else if after.patterns.isEmpty {
                report(
                    "pattern-removed",
                    isRequest ? .info : .error,
                    "the pattern '\(was)' was removed",
                    before,
                    after,
                    probes: Sampler.texts
                )
            } else {
                report(
                    "pattern-changed",
                    .warn,
                    "the pattern changed from '\(was)' to '\(now)'",
                    before,
                    after,
                    probes: [.sample] + Sampler.texts
                )
            }
        }
        guard before.formats != after.formats else { return }
        let (was, now) = (
            before.formats.sorted().joined(separator: ", "), after.formats.sorted().joined(separator: ", ")
        )
        let widens = after.formats.isEmpty || [was, now] == ["int32", "int64"] || [was, now] == ["float", "double"]
        let narrows =
            before.formats.isEmpty || [now, was] == ["int32", "int64"] || [now, was] == ["float", "double"]
        let breaks = isRequest ? !widens : !narrows
        let suffix = widens ? "type-generalized" : narrows && !isRequest ? "type-specialized" : "type-changed"
        report(
            suffix,
            breaks ? .error : .info,
            "the format changed from \(was.isEmpty ? "none" : was) to \(now.isEmpty ? "none" : now)",
            before,
            after,
            probes: [.sample] + Sampler.texts
        )
    }

    mutating func compareDefaults(_ before: FlatSchema, _ after: FlatSchema) {
        // Defaults matter only in requests: the server fills them in.
        guard isRequest else { return }
        // A parameter's default decides what a request without the parameter means.
        let severity: Finding.Severity = place.scope == .parameter && steps.isEmpty ? .error : .info
        switch (before.defaultNode, after.defaultNode) {
        case (nil, nil): return
        case (nil, let now?):
            report(
                "default-value-added",
                severity,
                "the default \(NodeWriter.compactJSON(now)) was added",
                before,
                after,
                at: (nil, now),
                probes: []
            )
        case (let was?, nil):
            report(
                "default-value-removed",
                severity,
                "the default \(NodeWriter.compactJSON(was)) was removed",
                before,
                after,
                at: (was, nil),
                probes: []
            )
        case (let was?, let now?):
            guard !was.isEqual(to: now) else { return }
            report(
                "default-value-changed",
                severity,
                "the default changed from \(NodeWriter.compactJSON(was)) to \(NodeWriter.compactJSON(now))",
                before,
                after,
                at: (was, now),
                probes: []
            )
        }
    }
}
