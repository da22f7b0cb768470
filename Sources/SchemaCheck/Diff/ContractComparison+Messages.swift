import ContractCompiler

/// Compares parameters, bodies, responses and their headers.
extension ContractComparison {
    // MARK: - Parameters

    mutating func compareParameters(_ was: ContractSide.Operation, _ now: ContractSide.Operation) {
        var rest: [Node?] = now.parameters
        // In order of the last parameter with each key.
        var places: [String: [Int]] = [:]
        for (index, parameter) in now.parameters.enumerated().reversed() {
            places[Self.key(parameter, now.template), default: []].append(index)
        }
        for parameter in was.parameters {
            guard let index = places[Self.key(parameter, was.template)]?.popLast() else {
                reportRemoved(parameter, now)
                continue
            }
            rest[index] = nil
            compare(parameter, now.parameters[index], now)
        }
        for parameter in rest.compactMap(\.self) { reportAdded(parameter, now) }
    }

    /// The identity of a parameter: its location and name, or for a path parameter its position in the template.
    private static func key(_ parameter: Node, _ template: String) -> String {
        let (place, name) = (parameter["in"]?.string ?? "", parameter["name"]?.scalar?.text ?? "")
        switch place {
        case "path": return "path \(Template.parameters(template).firstIndex(of: name).map(String.init) ?? name)"
        case "header": return "header \(name.lowercased())"
        default: return "\(place) \(name)"
        }
    }

    private static func phrase(_ parameter: Node) -> String {
        "the \(parameter["in"]?.string ?? "") parameter '\(parameter["name"]?.scalar?.text ?? "")'"
    }

    private mutating func reportRemoved(_ parameter: Node, _ operation: ContractSide.Operation) {
        let phrase = Self.phrase(parameter)
        switch lifecycle.removal(of: parameter) {
        case .withoutDeprecation:
            report(
                "request-parameter-removed",
                .warn,
                "\(phrase) was removed",
                in: operation.title,
                at: (parameter, nil)
            )
        case .beforeSunset(let date):
            report(
                "request-parameter-removed-before-sunset",
                .error,
                "\(phrase) was removed before its sunset on \(Lifecycle.day(date))",
                in: operation.title,
                at: (parameter, nil)
            )
        case .allowed:
            report(
                "request-parameter-removed-with-deprecation",
                .info,
                "\(phrase) was removed after its deprecation",
                in: operation.title,
                at: (parameter, nil)
            )
        }
    }

    private mutating func reportAdded(_ parameter: Node, _ operation: ContractSide.Operation) {
        let phrase = Self.phrase(parameter)
        if parameter["in"]?.string == "path" {
            return report(
                "new-request-path-parameter",
                .error,
                "\(phrase) was added",
                in: operation.title,
                at: (nil, parameter)
            )
        }
        let hasDefault = schema(of: parameter, new).map { new.flattener.flat($0).defaultNode != nil } ?? false
        let name = "\(hasDefault ? "default-" : "")parameter\(hasDefault ? "-to-existing-path" : "")"
        if parameter["required"]?.boolean == true {
            report(
                "new-required-request-\(name)",
                .error,
                "\(phrase) was added and is required",
                in: operation.title,
                at: (nil, parameter)
            )
        } else {
            report(
                "new-optional-request-\(name)",
                .info,
                "\(phrase) was added and is optional",
                in: operation.title,
                at: (nil, parameter)
            )
        }
    }

    /// The schema of a parameter, or of the first media type of its `content`.
    private func schema(of parameter: Node, _ side: ContractSide) -> Node? {
        parameter["schema"]
            ?? parameter["content"]?.members?.first.flatMap { side.source.followed($0.value)?["schema"] }
    }

    private mutating func compare(_ was: Node, _ now: Node, _ operation: ContractSide.Operation) {
        let phrase = Self.phrase(now)
        let isPath = now["in"]?.string == "path"
        let (before, after) = (was["required"]?.boolean == true || isPath, now["required"]?.boolean == true || isPath)
        if before != after {
            report(
                after ? "request-parameter-became-required" : "request-parameter-became-optional",
                after ? .error : .info,
                "\(phrase) \(after ? "became required" : "became optional")",
                in: operation.title,
                at: (was, now)
            )
        }
        for fault in lifecycle.faults(was, now) {
            report(
                "request-parameter-\(fault.suffix)",
                .error,
                "\(phrase): \(fault.message)",
                in: operation.title,
                at: (was, fault.node)
            )
        }
        let (wasStyle, nowStyle) = (Self.serialization(was), Self.serialization(now))
        if wasStyle.style != nowStyle.style {
            report(
                "request-parameter-style-changed",
                .error,
                "\(phrase): the style changed from \(wasStyle.style) to \(nowStyle.style)",
                in: operation.title,
                at: (was, now)
            )
        } else if wasStyle.explodes != nowStyle.explodes, !isScalar(was, old) || !isScalar(now, new) {
            report(
                "request-parameter-explode-changed",
                .error,
                "\(phrase): 'explode' changed from \(wasStyle.explodes) to \(nowStyle.explodes)",
                in: operation.title,
                at: (was, now)
            )
        }
        guard let before = schema(of: was, old), let after = schema(of: now, new) else { return }
        compareSchemas(
            before,
            after,
            Place(direction: .request, scope: .parameter, name: phrase, operation: operation.title)
        )
    }

    /// The serialization of a parameter (OpenAPI 3.1, "Style Values"). A parameter with `content` is JSON.
    private static func serialization(_ parameter: Node) -> (style: String, explodes: Bool) {
        if let type = parameter["content"]?.members?.first?.key { return (type, false) }
        let style =
            parameter["style"]?.string ?? (["query", "cookie"].contains(parameter["in"]?.string) ? "form" : "simple")
        return (style, parameter["explode"]?.boolean ?? (style == "form"))
    }

    /// Whether a parameter is always written as a single text, so that `explode` has no effect.
    private func isScalar(_ parameter: Node, _ side: ContractSide) -> Bool {
        schema(of: parameter, side).map {
            side.flattener.flat($0).effectiveTypes.isDisjoint(with: ["array", "object"])
        } ?? true
    }

    // MARK: - Bodies

    mutating func compareBodies(
        _ was: Node?,
        _ now: Node?,
        _ before: ContractSide.Operation,
        _ after: ContractSide.Operation
    ) {
        let title = after.title
        switch (was.flatMap(old.source.followed), now.flatMap(new.source.followed)) {
        case (nil, nil): return
        case (nil, let now?):
            let isRequired = now["required"]?.boolean == true
            report(
                "request-body-added-\(isRequired ? "required" : "optional")",
                isRequired ? .error : .info,
                "the \(isRequired ? "required" : "optional") request body was added",
                in: title,
                at: (nil, now)
            )
        case (let was?, nil):
            report("request-body-removed", .error, "the request body was removed", in: title, at: (was, after.node))
        case (let was?, let now?):
            let (before, after) = (was["required"]?.boolean == true, now["required"]?.boolean == true)
            if before != after {
                report(
                    "request-body-became-\(after ? "required" : "optional")",
                    after ? .error : .info,
                    "the request body became \(after ? "required" : "optional")",
                    in: title,
                    at: (was, now)
                )
            }
            compareContents(
                was,
                now,
                Place(direction: .request, scope: .body, name: "the request body", operation: title)
            )
        }
    }

    /// Compares the media types of a body.
    mutating func compareContents(_ was: Node, _ now: Node, _ place: Place) {
        let (before, after) = (was["content"]?.members ?? [], now["content"]?.members ?? [])
        let isOnly = before.count == 1 && after.count == 1
        let prefix = place.direction == .request ? "request-body" : "response"
        let known = Set(before.map { Self.mediaType($0.key) })
        let others = Dictionary(after.map { (Self.mediaType($0.key), $0) }) { first, _ in first }
        for member in before {
            guard let other = others[Self.mediaType(member.key)] else {
                report(
                    "\(prefix)-media-type-removed",
                    .error,
                    "\(place.name): the media type '\(member.key)' was removed",
                    in: place.operation,
                    at: (member.value, now)
                )
                continue
            }
            guard let before = old.source.followed(member.value), let after = new.source.followed(other.value) else {
                continue
            }
            for field in ["schema", "itemSchema"] {
                guard let was = before[field], let now = after[field] else { continue }
                compareSchemas(was, now, isOnly ? place : place.named("\(place.name) as \(member.key)"))
            }
        }
        for member in after where !known.contains(Self.mediaType(member.key)) {
            report(
                "\(prefix)-media-type-added",
                .info,
                "\(place.name): the media type '\(member.key)' was added",
                in: place.operation,
                at: (was, member.value)
            )
        }
    }

    /// The media type in a canonical form: case, spaces, the order of parameters and a UTF-8 charset do not matter.
    private static func mediaType(_ text: String) -> String {
        let parts = text.lowercased().split(separator: ";").map { $0.filter { $0 != " " } }
        return ([parts.first ?? ""] + parts.dropFirst().filter { $0 != "charset=utf-8" }.sorted()).joined(
            separator: ";"
        )
    }

    // MARK: - Responses

    mutating func compareResponses(_ was: ContractSide.Operation, _ now: ContractSide.Operation) {
        let (before, after) = (responses(was, old), responses(now, new))
        for (status, response) in before {
            guard
                let other = after.first(where: { $0.status == status })
                    ?? after.first(where: { Self.covers($0.status, status) })
            else {
                let isSuccess = status.hasPrefix("2")
                report(
                    "response-\(isSuccess ? "success" : "non-success")-status-removed",
                    isSuccess ? .error : .info,
                    "the status \(status) was removed",
                    in: now.title,
                    at: (response, now.node["responses"])
                )
                continue
            }
            let place = Place(direction: .response, scope: .body, name: "the response \(status)", operation: now.title)
            compareContents(response, other.node, place)
            compareHeaders(response, other.node, status, now)
        }
        for (status, response) in after
        where !before.contains(where: { $0.status == status || Self.covers($0.status, status) }) {
            let isSuccess = status.hasPrefix("2")
            report(
                "response-\(isSuccess ? "success" : "non-success")-status-added",
                .info,
                "the status \(status) was added",
                in: now.title,
                at: (was.node["responses"], response)
            )
        }
    }

    private func responses(_ operation: ContractSide.Operation, _ side: ContractSide) -> [(status: String, node: Node)]
    {
        (operation.node["responses"]?.members ?? []).filter { !$0.key.hasPrefix("x-") }.compactMap { member in
            side.source.followed(member.value).map { (member.key.uppercased(), $0) }
        }
    }

    /// Whether one key of responses covers another: `2XX` covers `204`.
    private static func covers(_ key: String, _ status: String) -> Bool {
        key == "DEFAULT" || key.hasSuffix("XX") && key.prefix(1) == status.prefix(1)
    }

    private mutating func compareHeaders(
        _ was: Node,
        _ now: Node,
        _ status: String,
        _ operation: ContractSide.Operation
    ) {
        let (before, after) = (headers(was, old), headers(now, new))
        for (name, header) in before.sorted(by: { $0.key < $1.key }) {
            let phrase = "the header '\(name)' of the response \(status)"
            let isRequired = header["required"]?.boolean == true
            guard let other = after[name] else {
                report(
                    "\(isRequired ? "required" : "optional")-response-header-removed",
                    isRequired ? .error : .warn,
                    "\(phrase) was removed",
                    in: operation.title,
                    at: (header, now)
                )
                continue
            }
            if isRequired, other["required"]?.boolean != true {
                report(
                    "response-header-became-optional",
                    .error,
                    "\(phrase) became optional",
                    in: operation.title,
                    at: (header, other)
                )
            }
            if let before = header["schema"], let after = other["schema"] {
                compareSchemas(
                    before,
                    after,
                    Place(direction: .response, scope: .header, name: phrase, operation: operation.title)
                )
            }
        }
        for (name, header) in after.sorted(by: { $0.key < $1.key }) where before[name] == nil {
            report(
                "response-header-added",
                .info,
                "the header '\(name)' of the response \(status) was added",
                in: operation.title,
                at: (was, header)
            )
        }
    }

    private func headers(_ response: Node, _ side: ContractSide) -> [String: Node] {
        var headers: [String: Node] = [:]
        for member in response["headers"]?.members ?? [] where member.key.lowercased() != "content-type" {
            headers[member.key.lowercased()] = side.source.followed(member.value)
        }
        return headers
    }
}
