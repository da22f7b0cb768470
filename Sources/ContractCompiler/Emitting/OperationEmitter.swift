/// Writes an operation in Swift: its input, its output, and their HTTP messages for both server and client.
struct OperationEmitter {
    let operation: Operation
    private let parameters: [Emitted<Parameter>]
    /// Whether the operation is one of the server's. Webhooks and callbacks have no route.
    private let isRouted: Bool

    init(_ operation: Operation, isRouted: Bool) {
        self.operation = operation
        parameters = operation.swiftParameters
        self.isRouted = isRouted
    }

    var text: String {
        """
        \(SwiftWriter.doc(operation.text, origin: operation.origin))
        public enum \(operation.typeName): ContractOperation {
            /// The parameters and the body of a request.
            public struct Input: \(isRouted ? "RoutedInput" : "OperationInput") {
                \(input.indented(2))
            }

            /// The response. Problems are thrown as `Problem` instead.
            public enum Output: OperationOutput {
                \(operation.responses.map(outputCase).lines().indented(2))
            }\(nestedTypes.map { "\n\n    \($0.indented())" }.lines(""))
        }

        extension \(operation.typeName).Input {
            \((constants(inputValues) + [requestReader, requestWriter]).lines("\n\n").indented())
        }

        extension \(operation.typeName).Output {
            \((constants(outputValues) + bodyProperty + [responseWriter, responseReader]).lines("\n\n").indented())
        }
        """
    }

    // MARK: - Input

    private struct Member {
        let name: String
        let type: String
        let doc: String
        let defaultValue: String?
    }

    private var members: [Member] {
        var members = parameters.map { parameter in
            Member(
                name: parameter.identifier,
                type: parameter.value.swiftType + (parameter.isOptional ? "?" : ""),
                doc: parameter.description ?? "The parameter `\(parameter.name)`.",
                defaultValue: parameter.defaultValue?.swiftExpression ?? (parameter.isOptional ? "nil" : nil)
            )
        }
        if let body = operation.body {
            let type = bodyType(body, name: "Body")
            let isOptional = !body.isRequired && !type.hasSuffix("?")
            members.append(
                Member(
                    name: "body",
                    type: type + (isOptional ? "?" : ""),
                    doc: "The request body.",
                    defaultValue: body.isRequired ? nil : "nil"
                )
            )
        }
        if !operation.security.isEmpty {
            let doc = "The caller. The server sets it from the credentials; clients omit it."
            members.append(Member(name: "principal", type: "Principal", doc: doc, defaultValue: ".anonymous"))
        } else if !operation.optionalSecurity.isEmpty {
            let doc = "The caller, if the server requires credentials. Clients omit it."
            members.append(Member(name: "principal", type: "Principal?", doc: doc, defaultValue: "nil"))
        }
        return members
    }

    /// The type of a body: its only type, or the enumeration of its media types.
    func bodyType(_ body: Body, name: String) -> String {
        body.only?.swiftType ?? "\(operation.typeName).\(name)"
    }

    private var input: String {
        let declarations = members.map { "\(SwiftWriter.doc($0.doc, origin: nil))\npublic var \($0.name): \($0.type)" }
            .lines()
        let arguments = members.map {
            "\(SwiftName.label($0.name)): \($0.type)" + ($0.defaultValue.map { " = \($0)" } ?? "")
        }
        let assignments = members.map { "\n    self.\($0.name) = \($0.name)" }.lines("")
        let route =
            isRouted
            ? "/// The operation of this input.\npublic static var route: Route { .\(operation.functionName) }\n\n" : ""
        return """
            \(route)\(members.isEmpty ? "" : declarations + "\n\n")/// Creates an input.
            public init\(SwiftWriter.list(arguments, prefix: 24)) {\(assignments)\(members.isEmpty ? "" : "\n")}
            """
    }

    private var inputValues: [(name: String, value: Value)] {
        parameters.map { ($0.identifier, $0.value) } + values(operation.body, name: "body")
    }

    /// The types that the media types of a body decode to, with the names of their constants.
    func values(_ body: Body?, name: String) -> [(name: String, value: Value)] {
        guard let body else { return [] }
        return body.swiftContents.compactMap { content in
            content.value.map { (constantName(name, content, in: body), $0) }
        }
    }

    func constantName(_ name: String, _ content: Emitted<Content>, in body: Body) -> String {
        let label = content.identifier.filter { $0 != "`" }
        return body.contents.count == 1 ? name : "\(name)\(label.prefix(1).uppercased())\(label.dropFirst())"
    }

    /// The constants needed for reading, as one text; empty if there are none.
    private func constants(_ values: [(name: String, value: Value)]) -> [String] {
        let constants = ParameterEmitter.constants(values)
        return constants.isEmpty ? [] : [constants.lines()]
    }

    private var requestReader: String {
        var lines: [String] = []
        if !operation.security.isEmpty {
            lines.append(
                "let principal = \(operation.needsPrincipal ? "try request.requirePrincipal()" : "request.principal ?? .anonymous")"
            )
        } else if !operation.optionalSecurity.isEmpty {
            lines.append("let principal = request.principal")
        }
        if !parameters.isEmpty || operation.body != nil {
            lines.append("var parameters = ParameterReader(request)")
            lines += parameters.map { "let \($0.identifier) = \(read($0))" }
            if let body = operation.body { lines.append(read(body)) }
            let required =
                parameters.filter { !$0.isOptional && $0.defaultValue == nil }.map { "let \($0.identifier), " }
                + (operation.body?.isRequired == true ? ["let body, "] : [])
            lines.append("guard \(required.lines(""))parameters.isValid else { throw parameters.problem }")
        }
        let arguments = members.map { member in
            // A nullable parameter is read as a nested optional.
            let isFlattened = parameters.contains { $0.identifier == member.name && $0.value.isNullable }
            return "\(SwiftName.label(member.name)): \(member.name)\(isFlattened ? " ?? nil" : "")"
        }
        lines.append("self.init\(SwiftWriter.list(arguments, prefix: 20))")
        return """
            /// Reads and validates a request. The thrown problem lists all violations.
            public init(_ request: Request) throws(Problem) {
                \(lines.lines().indented())
            }
            """
    }

    private func read(_ parameter: Emitted<Parameter>) -> String {
        let (argument, closure) = ParameterEmitter.reading(parameter.value, of: parameter.identifier)
        let call = ParameterEmitter.call(
            "parameters.read",
            [ParameterEmitter.description(parameter.part), argument],
            closure
        )
        return call + (parameter.defaultValue.map { " ?? \($0.swiftExpression)" } ?? "")
    }

    private func read(_ body: Body) -> String {
        let isOptional = body.isRequired ? "" : "parameters.hasBody ? "
        let otherwise = body.isRequired ? "" : " : nil"
        if let only = body.only {
            return "let body = \(isOptional)\(only.read(by: "parameters", of: "body"))\(otherwise)"
        }
        let cases = body.swiftContents.enumerated().map { index, content in
            let name = constantName("body", content, in: body)
            return "case \(index): \(content.part.read(by: "parameters", of: name)).map { .\(content.identifier)($0) }"
        }
        return """
            let body: \(operation.typeName).Body? =
                switch parameters.mediaType(among: [\(body.contents.map { SwiftWriter.literal($0.mediaType) }.lines(", "))]) {
                \(cases.lines().indented())
                default: nil
                }
            """
    }

    private var requestWriter: String {
        let parameters = parameters.map { parameter in
            "request.add(\(ParameterEmitter.description(parameter.part)), \(parameter.identifier))"
        }
        var lines =
            (operation.template.query.isEmpty
                ? [] : ["request.query = \(SwiftWriter.literal(operation.template.query))"]) + parameters
        if let body = operation.body { lines += send(body) }
        let method = SwiftWriter.literal(operation.method)
        let path = SwiftWriter.literal(operation.template.segments.isEmpty ? "" : operation.template.text)
        return """
            /// The HTTP request that a client sends.
            public var request: ClientRequest {
                \(lines.isEmpty ? "" : "var request = ")ClientRequest(\(method), \(path))\(lines.map { "\n    \($0.indented())" }.lines(""))\(lines.isEmpty ? "" : "\n    return request")
            }
            """
    }

    private func send(_ body: Body) -> [String] {
        if let content = body.only {
            guard !body.isRequired else { return ["request.body = \(content.sending("body"))"] }
            return ["if let body { request.body = \(content.sending("body")) }"]
        }
        let cases = body.swiftContents.map {
            "case .\($0.identifier)(let body)\(body.isRequired ? "" : "?"): request.body = \($0.part.sending("body"))"
        }
        return ["switch body {\n\(cases.lines())\(body.isRequired ? "" : "\ncase nil: break")\n}"]
    }
}

extension Operation {
    /// The summary and description as one text.
    var text: String {
        [summary, description].compactMap { $0 }.joined(separator: "\n\n")
    }

    /// The method, the path and the place in the contract.
    var origin: String { "\(method) \(template.text), \(node.origin)" }
}
