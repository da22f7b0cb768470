/// Reads path templates and compares them with the parameters of operations.
extension ContractBuilder {
    mutating func template(_ item: PathItem) -> PathTemplate? {
        let path = item.template.prefix { $0 != "?" && $0 != "#" }
        if path.count < item.template.count {
            builder.reader.log.strictly(
                .pathSyntax,
                "a path must not contain a query or fragment",
                at: item.templateLocation
            )
        }
        let query = String(item.template.dropFirst(path.count).dropFirst().prefix { $0 != "#" })
        var segments: [[PathTemplate.Piece]] = []
        for segment in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let pieces = pieces(of: segment) else {
                builder.reader.log.error(
                    .pathSyntax,
                    "the braces in '\(segment)' do not match, expected {name}",
                    at: item.templateLocation
                )
                return nil
            }
            segments.append(pieces)
        }
        if segments.count > 32 {
            builder.reader.log.error(
                .pathSyntax,
                "the path has \(segments.count) segments, expected at most 32",
                at: item.templateLocation
            )
            return nil
        }
        return PathTemplate(text: String(path), segments: segments, query: query)
    }

    private func pieces(of segment: Substring) -> [PathTemplate.Piece]? {
        var pieces: [PathTemplate.Piece] = []
        var rest = segment
        while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else { return nil }
            if open > rest.startIndex { pieces.append(.literal(String(rest[..<open]))) }
            // Two adjacent parameters need literal text between them.
            if open == rest.startIndex, case .parameter? = pieces.last { return nil }
            let name = rest[rest.index(after: open)..<close]
            guard !name.isEmpty, !name.contains("{") else { return nil }
            pieces.append(.parameter(String(name)))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty || pieces.isEmpty { pieces.append(.literal(String(rest))) }
        return pieces
    }

    mutating func checkTemplate(
        _ template: PathTemplate,
        _ object: OperationObject,
        _ id: String,
        at item: PathItem
    ) {
        let declared = object.parameters.filter { $0.place == "path" }
        for name in template.parameterNames where !declared.contains(where: { $0.name == name }) {
            let suggestion = Suggestion.text(for: name, in: declared.map(\.name))
            builder.reader.log.strictly(
                .missingPathParameter,
                "'\(id)' lacks the path parameter '\(name)'\(suggestion)",
                at: item.templateLocation
            )
        }
        for parameter in declared where !template.parameterNames.contains(parameter.name) {
            builder.reader.log.strictly(
                .unusedPathParameter,
                "the path '\(item.template)' has no '{\(parameter.name)}'",
                at: parameter.node.location
            )
        }
        if Set(template.parameterNames).count < template.parameterNames.count {
            builder.reader.log.error(
                .pathSyntax,
                "the path '\(item.template)' contains a parameter twice",
                at: item.templateLocation
            )
        }
    }
}
