import ContractCompiler
import Formats
import JSONSchema

/// Bounds, counts, patterns, formats, defaults.
extension SchemaComparison {
    /// Reports a limit that moved. `isTighter` says whether less is allowed than before.
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
        // A limit where there was none is a warning: it may only write down what was always so.
        let severity: Finding.Severity = isTighter != isRequest ? .info : isRequest && isNew ? .warn : .error
        report(suffix, severity, message, before, after, at: nodes, probes: probes)
    }

    mutating func compareBounds(_ before: FlatSchema, _ after: FlatSchema) {
        for (name, was, now, isMaximum) in [
            ("min", before.minimum, after.minimum, false), ("max", before.maximum, after.maximum, true),
        ] {
            let word = isMaximum ? "most" : "least"
            func text(_ bound: FlatSchema.Bound) -> String {
                "\(bound.isExclusive ? "beyond " : "")\(bound.node.scalar?.text ?? "")"
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
                    "a number is at \(word) \(text(now)) now",
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
                    "a number was at \(word) \(text(was))",
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
                    "a number was at \(word) \(text(was)) and is at \(word) \(text(now))",
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
            let word = isMaximum ? "most" : "least"
            let refusing = (isRequest ? now : was) ?? 0
            let length = isMaximum ? min(refusing, 10_000) + 1 : max(refusing - 1, 0)
            let probe: Probe = unit == "characters" ? .length(length) : .count(length)
            let message: String
            let suffix: String
            switch (was, now) {
            case (nil, let now?):
                (suffix, message) = (isMaximum ? "set" : "increased", "there must be at \(word) \(now) \(unit) now")
            case (let was?, nil):
                (suffix, message) = (
                    isMaximum ? "unset" : isRequest ? "decreased" : "unset", "there had to be at \(word) \(was) \(unit)"
                )
            case (let was, let now):
                suffix = (now ?? 0) > (was ?? 0) ? "increased" : "decreased"
                message = "there had to be at \(word) \(was ?? 0) \(unit) and must be at \(word) \(now ?? 0)"
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
                isSet ? "items must differ now" : "items may be equal now",
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
                isTighter ? "numbers must be multiples now" : "numbers may be others now",
                before,
                after,
                probes: ["1", "0.5", "3", "7"].map { .value(Nowhere.number($0)) }
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
                    "the text must match '\(now)' now",
                    before,
                    after,
                    probes: Sampler.texts
                )
            } else if after.patterns.isEmpty {
                report(
                    "pattern-removed",
                    isRequest ? .info : .error,
                    "the text had to match '\(was)'",
                    before,
                    after,
                    probes: Sampler.texts
                )
            } else {
                report(
                    "pattern-changed",
                    .warn,
                    "the text had to match '\(was)' and must match '\(now)'",
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
            "the format was \(was.isEmpty ? "free" : was) and is \(now.isEmpty ? "free" : now)",
            before,
            after,
            probes: [.sample] + Sampler.texts
        )
    }

    mutating func compareDefaults(_ before: FlatSchema, _ after: FlatSchema) {
        // Only what is read has a default that means something.
        guard isRequest else { return }
        // The default of a parameter changes what a request without it means.
        let severity: Finding.Severity = place.scope == .parameter && steps.isEmpty ? .error : .info
        switch (before.standIn, after.standIn) {
        case (nil, nil): return
        case (nil, let now?):
            report(
                "default-value-added",
                severity,
                "the default is \(NodeWriter.compactJSON(now)) now",
                before,
                after,
                at: (nil, now),
                probes: []
            )
        case (let was?, nil):
            report(
                "default-value-removed",
                severity,
                "the default was \(NodeWriter.compactJSON(was))",
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
                "the default was \(NodeWriter.compactJSON(was)) and is \(NodeWriter.compactJSON(now))",
                before,
                after,
                at: (was, now),
                probes: []
            )
        }
    }
}
