/// Writes an operation in Swift: its input, its output, and their HTTP messages for both server and client.
struct OperationEmitter {
    private let operation: Operation

    init(_ operation: Operation) {
        self.operation = operation
    }

    var text: String {
        """
        \(SwiftWriter.doc(operation.text, origin: operation.origin))
        public enum \(operation.typeName): ContractOperation {
            /// The parameters and the body of a request.
            public struct Input: OperationInput {
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
            \((constants(outputValues) + [responseWriter, responseReader]).lines("\n\n").indented())
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
        var members = operation.parameters.map { parameter in
            Member(
                name: parameter.swiftName,
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
    private func bodyType(_ body: Body, name: String) -> String {
        body.only?.swiftType ?? "\(operation.typeName).\(name)"
    }

    private var input: String {
        let declarations = members.map { "\(SwiftWriter.doc($0.doc, origin: nil))\npublic var \($0.name): \($0.type)" }
            .lines()
        let arguments = members.map {
            "\(SwiftName.label($0.name)): \($0.type)" + ($0.defaultValue.map { " = \($0)" } ?? "")
        }
        let assignments = members.map { "\n    self.\($0.name) = \($0.name)" }.lines("")
        return """
            \(members.isEmpty ? "" : declarations + "\n\n")/// Creates an input.
            public init\(SwiftWriter.list(arguments, prefix: 24)) {\(assignments)\(members.isEmpty ? "" : "\n")}
            """
    }

    private var inputValues: [(name: String, value: Value)] {
        operation.parameters.map { ($0.swiftName, $0.value) } + values(operation.body, name: "body")
    }

    /// The types that the media types of a body decode to, with the names of their constants.
    private func values(_ body: Body?, name: String) -> [(name: String, value: Value)] {
        guard let body else { return [] }
        return body.contents.compactMap { content in content.value.map { (constantName(name, content, in: body), $0) } }
    }

    private func constantName(_ name: String, _ content: Content, in body: Body) -> String {
        let label = content.swiftName.filter { $0 != "`" }
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
        if !operation.parameters.isEmpty || operation.body != nil {
            lines.append("var parameters = ParameterReader(request)")
            lines += operation.parameters.map { "let \($0.swiftName) = \(read($0))" }
            if let body = operation.body { lines.append(read(body)) }
            let required =
                operation.parameters.filter { !$0.isOptional && $0.defaultValue == nil }.map { "let \($0.swiftName), " }
                + (operation.body?.isRequired == true ? ["let body, "] : [])
            lines.append("guard \(required.lines(""))parameters.isValid else { throw parameters.problem }")
        }
        let arguments = members.map { member in
            // A nullable parameter is read as a nested optional.
            let isFlattened = operation.parameters.contains { $0.swiftName == member.name && $0.value.isNullable }
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

    private func read(_ parameter: Parameter) -> String {
        let (argument, closure) = ParameterEmitter.reading(parameter.value, of: parameter.swiftName)
        let call = ParameterEmitter.call(
            "parameters.read",
            [ParameterEmitter.description(parameter), argument],
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
        let cases = body.contents.enumerated().map { index, content in
            let name = constantName("body", content, in: body)
            return "case \(index): \(content.read(by: "parameters", of: name)).map { .\(content.swiftName)($0) }"
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
        let parameters = operation.parameters.map { parameter in
            "request.add(\(ParameterEmitter.description(parameter)), \(parameter.swiftName))"
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
        let cases = body.contents.map {
            "case .\($0.swiftName)(let body)\(body.isRequired ? "" : "?"): request.body = \($0.sending("body"))"
        }
        return ["switch body {\n\(cases.lines())\(body.isRequired ? "" : "\ncase nil: break")\n}"]
    }

    // MARK: - Output

    /// The enumerations of media types, and the structures of response headers.
    private var nestedTypes: [String] {
        var types: [String] = []
        if let body = operation.body, body.contents.count > 1 {
            types.append(representations(body, name: "Body", what: "The body"))
        }
        for response in operation.responses {
            if let body = response.body, body.contents.count > 1 {
                types.append(
                    representations(body, name: bodyName(response), what: "The body of `\(response.swiftName)`")
                )
            }
            if !response.headers.isEmpty { types.append(headers(of: response)) }
        }
        return types
    }

    private func representations(_ body: Body, name: String, what: String) -> String {
        """
        /// \(what), in one of its media types.
        public enum \(name): Sendable {
            \(body.contents.map { "/// As \(SwiftWriter.line($0.mediaType)).\ncase \($0.swiftName)(\($0.swiftType))" }.lines().indented())
        }
        """
    }

    private func bodyName(_ response: Response) -> String { typeName(response, "Body") }

    private func headersName(_ response: Response) -> String { typeName(response, "Headers") }

    private func typeName(_ response: Response, _ suffix: String) -> String {
        (response.swiftName == "ok" ? "OK" : response.swiftName.prefix(1).uppercased() + response.swiftName.dropFirst())
            + suffix
    }

    private func headers(of response: Response) -> String {
        let members = response.headers.map { header in
            (header, header.value.swiftType + (header.isOptional ? "?" : ""))
        }
        let declarations = members.map { header, type in
            "\(SwiftWriter.doc(header.description ?? "The header `\(header.name)`.", origin: nil))\npublic var \(header.swiftName): \(type)"
        }
        let arguments = members.map { header, type in
            "\(SwiftName.label(header.swiftName)): \(type)\(header.isOptional ? " = nil" : "")"
        }
        return """
            /// The headers of `\(response.swiftName)`.
            public struct \(headersName(response)): Sendable {
                \(declarations.lines().indented())

                /// Creates the headers.
                public init(\(arguments.lines(", "))) {
                    \(members.map { "self.\($0.0.swiftName) = \($0.0.swiftName)" }.lines().indented(2))
                }
            }
            """
    }

    private func payload(_ response: Response) -> [(label: String?, type: String)] {
        var payload: [(String?, String)] = []
        if case .code = response.status {} else { payload.append(("status", "Int")) }
        if let body = response.body { payload.append((nil, bodyType(body, name: bodyName(response)))) }
        if !response.headers.isEmpty {
            payload.append(("headers", "\(operation.typeName).\(headersName(response))"))
        }
        return payload
    }

    private func outputCase(_ response: Response) -> String {
        let payload = payload(response).map { ($0.label.map { $0 + ": " } ?? "") + $0.type }
        let list = payload.isEmpty ? "" : "(\(payload.lines(", ")))"
        return
            "\(SwiftWriter.doc("\(statusText(response)): \(response.description ?? "")", origin: nil))\ncase \(response.swiftName)\(list)"
    }

    private func statusText(_ response: Response) -> String {
        switch response.status {
        case .code(let code): "\(code)"
        case .range(let digit): "\(digit)XX"
        case .other: "Any other status"
        }
    }

    private var outputValues: [(name: String, value: Value)] {
        operation.responses.flatMap { response in
            values(response.body, name: response.swiftName)
                + response.headers.map { ("\(response.swiftName)\(SwiftName.type($0.name))", $0.value) }
        }
    }

    private var responseWriter: String {
        """
        /// The HTTP response that the server sends.
        public var response: Response {
            \(operation.responses.isEmpty ? "switch self {}" : "switch self {\n    \(operation.responses.map(responseCase).lines().indented())\n    }")
        }
        """
    }

    private func responseCase(_ response: Response) -> String {
        let names = payload(response).map { $0.label ?? "body" }
        let pattern = names.isEmpty ? "" : "(\(names.map { "let \($0)" }.lines(", ")))"
        let status = if case .code(let code) = response.status { "\(code)" } else { "status" }
        let headers = response.headers.map {
            "response.add(\(ParameterEmitter.description($0)), headers.\($0.swiftName))"
        }
        guard let body = response.body, body.contents.count > 1 || !headers.isEmpty else {
            let body = response.body?.only.map { ", \($0.sending("body"))" } ?? ""
            if headers.isEmpty {
                return "case .\(response.swiftName)\(pattern): return Response(status: \(status)\(body))"
            }
            return """
                case .\(response.swiftName)\(pattern):
                    var response = Response(status: \(status)\(body))
                    \(headers.lines().indented())
                    return response
                """
        }
        if let only = body.only {
            return """
                case .\(response.swiftName)\(pattern):
                    var response = Response(status: \(status), \(only.sending("body")))
                    \(headers.lines().indented())
                    return response
                """
        }
        let cases = body.contents.map { "case .\($0.swiftName)(let body): response.body = \($0.sending("body"))" }
        return """
            case .\(response.swiftName)\(pattern):
                var response = Response(status: \(status))
                switch body {
                \(cases.lines().indented())
                }\(headers.map { "\n    \($0)" }.lines(""))
                return response
            """
    }

    private var responseReader: String {
        let order = operation.responses.sorted { rank($0) < rank($1) }
        let hasOther = order.contains { $0.status == .other }
        let cases = order.map(readCase) + (hasOther ? [] : ["default: throw try await response.unexpected()"])
        return """
            /// Reads and validates a response. An undeclared response is thrown, as a `Problem` if it is one.
            public init(_ response: ClientResponse) async throws {
                switch response.status {
                \(cases.lines().indented())
                }
            }
            """
    }

    private func rank(_ response: Response) -> Int {
        switch response.status {
        case .code: 0
        case .range: 1
        case .other: 2
        }
    }

    private func readCase(_ response: Response) -> String {
        let label =
            switch response.status {
            case .code(let code): "case \(code)"
            case .range(let digit): "case \(digit)00...\(digit)99"
            case .other: "default"
            }
        var lines: [String] = []
        var arguments: [String] = []
        if case .code = response.status {} else { arguments.append("status: response.status") }
        if let body = response.body {
            if let only = body.only {
                lines.append("let body = \(only.waiting)\(only.read(by: "response", of: response.swiftName))")
            } else {
                lines.append(readRepresentations(body, response))
            }
            arguments.append("body")
        }
        if !response.headers.isEmpty {
            let members = response.headers.map { header in
                let (argument, closure) = ParameterEmitter.reading(
                    header.value,
                    of: "\(response.swiftName)\(SwiftName.type(header.name))"
                )
                let call = ParameterEmitter.call(
                    "response.header",
                    [ParameterEmitter.description(header), argument],
                    closure
                )
                return
                    "\(SwiftName.label(header.swiftName)): \(header.isOptional ? call : "response.required(\(call), \(SwiftWriter.literal(header.name)))")\(header.value.isNullable ? " ?? nil" : "")"
            }
            lines.append("let headers = try \(operation.typeName).\(headersName(response))(\(members.lines(", ")))")
            arguments.append("headers: headers")
        }
        let list = arguments.isEmpty ? "" : "(\(arguments.lines(", ")))"
        lines.append("self = .\(response.swiftName)\(list)")
        return "\(label):\n    \(lines.lines().indented())"
    }

    private func readRepresentations(_ body: Body, _ response: Response) -> String {
        let cases = body.contents.enumerated().map { index, content in
            let name = constantName(response.swiftName, content, in: body)
            return "case \(index): .\(content.swiftName)(\(content.waiting)\(content.read(by: "response", of: name)))"
        }
        let types = body.contents.map { SwiftWriter.literal($0.mediaType) }.lines(", ")
        return """
            let body: \(operation.typeName).\(bodyName(response)) =
                switch response.mediaType(among: [\(types)]) {
                \(cases.lines().indented())
                default: throw try await response.unexpected()
                }
            """
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
