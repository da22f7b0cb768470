import ContractCompiler
import JSONSchema

/// Compares objects and arrays.
extension SchemaComparison {
    // MARK: - Objects

    mutating func compareObjects(_ before: FlatSchema, _ after: FlatSchema) {
        for name in Set(before.properties.keys).union(after.properties.keys).sorted() {
            let (was, now) = (before.properties[name], after.properties[name])
            switch (was, now) {
            case (let was?, let now?):
                compareRequired(name, was, now, before, after)
                descend(.property(name), was, now)
            case (nil, let now?): added(name, now, before, after)
            case (let was?, nil): removed(name, was, before, after)
            case (nil, nil): continue
            }
        }
        // Names that are required but have no schema.
        for name in after.required.subtracting(before.required).sorted()
        where after.properties[name] == nil && isRequest {
            report(
                "became-required",
                .error,
                "the property became required",
                before,
                after,
                probes: [.without(name)],
                inside: name
            )
        }
        compareAdditional(before, after)
    }

    private mutating func compareRequired(
        _ name: String,
        _ was: [Node],
        _ now: [Node],
        _ before: FlatSchema,
        _ after: FlatSchema
    ) {
        guard before.required.contains(name) != after.required.contains(name) else { return }
        let (old, new) = (self.old.flat(was), self.new.flat(now))
        if isRequest ? new.isReadOnly : new.isWriteOnly { return }
        if after.required.contains(name) {
            // The server fills in the default where clients omit the property.
            let suffix = isRequest && new.defaultNode != nil ? "became-required-with-default" : "became-required"
            report(
                suffix,
                isRequest ? .error : .info,
                "the property became required",
                old,
                new,
                probes: [.without(name)],
                inside: name
            )
        } else {
            report(
                "became-optional",
                isRequest ? .info : .error,
                "the property became optional",
                old,
                new,
                probes: [.without(name)],
                inside: name
            )
        }
    }

    private mutating func added(_ name: String, _ nodes: [Node], _ before: FlatSchema, _ after: FlatSchema) {
        let flat = new.flat(nodes)
        if isRequest ? flat.isReadOnly : flat.isWriteOnly { return }
        let isRequired = after.required.contains(name)
        if isRequest {
            let suffix =
                isRequired
                ? "new-required-request-property\(flat.defaultNode == nil ? "" : "-with-default")"
                : "new-optional-request-property"
            add(
                suffix,
                isRequired ? .error : .info,
                "\(place.description(steps)): the \(isRequired ? "required" : "optional") property '\(name)' was added",
                before,
                flat,
                probes: [.without(name)]
            )
        } else {
            let suffix = "response-\(isRequired ? "required" : "optional")-property-added"
            add(
                suffix,
                .info,
                "\(place.description(steps)): the property '\(name)' was added",
                before,
                flat,
                probes: []
            )
        }
    }

    private mutating func removed(_ name: String, _ nodes: [Node], _ before: FlatSchema, _ after: FlatSchema) {
        let flat = old.flat(nodes)
        if isRequest ? flat.isReadOnly : flat.isWriteOnly { return }
        if isRequest {
            let isTooEarly = lifecycle.isBeforeSunset(nodes)
            // A property that the server ignores does no harm. A rejected one does, and then the witness proves it.
            add(
                "request-property-removed\(isTooEarly ? "-before-sunset" : "")",
                isTooEarly ? .error : .warn,
                "\(place.description(steps)): the property '\(name)' was removed",
                flat,
                after,
                probes: [.with(name, nil)]
            )
        } else {
            let isRequired = before.required.contains(name)
            let suffix = "response-\(isRequired ? "required" : "optional")-property-removed"
            add(
                suffix,
                isRequired ? .error : .warn,
                "\(place.description(steps)): the property '\(name)' was removed",
                flat,
                after,
                probes: [.without(name)]
            )
        }
    }

    private mutating func compareAdditional(_ before: FlatSchema, _ after: FlatSchema) {
        if before.isClosed != after.isClosed {
            let severity: Finding.Severity = after.isClosed && isRequest ? .error : .info
            let text =
                after.isClosed
                ? "additional properties are no longer allowed"
                : "additional properties are now allowed"
            report(
                "additional-properties-\(after.isClosed ? "closed" : "opened")",
                severity,
                text,
                before,
                after,
                probes: [.with("unexpected", SyntheticNode.number("1"))]
            )
        } else if !before.isClosed, !before.additional.isEmpty || !after.additional.isEmpty {
            descend(.extra, before.additional, after.additional)
        }
    }

    // MARK: - Arrays

    mutating func compareArrays(_ before: FlatSchema, _ after: FlatSchema) {
        if !before.items.isEmpty || !after.items.isEmpty { descend(.item, before.items, after.items) }
        for (was, now) in zip(before.prefixItems, after.prefixItems) { descend(.item, was, now) }
        let (was, now) = (before.prefixItems.count, after.prefixItems.count)
        if was < now {
            report(
                "prefix-items-added",
                isRequest ? .info : .error,
                "the number of prefix items changed from \(was) to \(now)",
                before,
                after
            )
        } else if was > now {
            report(
                "prefix-items-removed",
                isRequest ? .error : .info,
                "the number of prefix items changed from \(was) to \(now)",
                before,
                after
            )
        }
    }

    // MARK: - Reporting

    /// Reports a difference of a property.
    private mutating func report(
        _ suffix: String,
        _ severity: Finding.Severity,
        _ message: String,
        _ before: FlatSchema,
        _ after: FlatSchema,
        probes: [Probe],
        inside name: String
    ) {
        let id = "\(place.prefix(steps + [.property(name)]))-\(suffix)"
        add(id, severity, "\(place.description(steps + [.property(name)])): \(message)", before, after, probes: probes)
    }
}
