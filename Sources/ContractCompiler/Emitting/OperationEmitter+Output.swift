/// The output of an operation: its cases, its headers and its HTTP messages.
extension OperationEmitter {
    /// The enumerations of media types, and the structures of response headers.
    var nestedTypes: [String] {
        var types: [String] = []
        if let body = operation.body, body.contents.count > 1 {
            types.append(representations(body, name: "Body", what: "The body"))
        }
        for response in operation.responses {
            if let body = response.body, body.contents.count > 1 {
                types.append(
                    representations(body, name: bodyName(response), what: "The body of `\(response.caseName)`")
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
            \(body.swiftContents.map { "/// As \(SwiftWriter.line($0.mediaType)).\ncase \($0.identifier)(\($0.swiftType))" }.lines().indented())
        }
        """
    }

    private func bodyName(_ response: Response) -> String { typeName(response, "Body") }

    private func headersName(_ response: Response) -> String { typeName(response, "Headers") }

    private func typeName(_ response: Response, _ suffix: String) -> String {
        (response.caseName == "ok" ? "OK" : response.caseName.prefix(1).uppercased() + response.caseName.dropFirst())
            + suffix
    }

    private func headers(of response: Response) -> String {
        let members = response.swiftHeaders.map { header in
            (header, header.value.swiftType + (header.isOptional ? "?" : ""))
        }
        let declarations = members.map { header, type in
            "\(SwiftWriter.doc(header.description ?? "The header `\(header.name)`.", origin: nil))\npublic var \(header.identifier): \(type)"
        }
        let arguments = members.map { header, type in
            "\(SwiftName.label(header.identifier)): \(type)\(header.isOptional ? " = nil" : "")"
        }
        return """
            /// The headers of `\(response.caseName)`.
            public struct \(headersName(response)): Sendable {
                \(declarations.lines().indented())

                /// Creates the headers.
                public init(\(arguments.lines(", "))) {
                    \(members.map { "self.\($0.0.identifier) = \($0.0.identifier)" }.lines().indented(2))
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

    func outputCase(_ response: Response) -> String {
        let payload = payload(response).map { ($0.label.map { $0 + ": " } ?? "") + $0.type }
        let list = payload.isEmpty ? "" : "(\(payload.lines(", ")))"
        return
            "\(SwiftWriter.doc("\(statusText(response)): \(response.description ?? "")", origin: nil))\ncase \(response.caseName)\(list)"
    }

    private func statusText(_ response: Response) -> String {
        switch response.status {
        case .code(let code): "\(code)"
        case .range(let digit): "\(digit)XX"
        case .other: "Any other status"
        }
    }

    var outputValues: [(name: String, value: Value)] {
        operation.responses.flatMap { response in
            values(response.body, name: response.caseName)
                + response.swiftHeaders.map { ("\(response.caseName)\(SwiftName.type($0.name))", $0.value) }
        }
    }

    /// The body of any response, for callers that do not distinguish between responses; empty if their types differ.
    var bodyProperty: [String] {
        let types = operation.responses.map { response in
            response.body.map { bodyType($0, name: bodyName(response)) }
        }
        guard let first = types.first, let type = first, types.allSatisfy({ $0 == type }) else { return [] }
        let cases = operation.responses.map { response in
            let names = payload(response).map { $0.label == nil ? "let body" : "_" }
            return ".\(response.caseName)(\(names.lines(", ")))"
        }
        return [
            """
            /// The body of the response.
            public var body: \(type) {
                switch self {
                \(SwiftWriter.switchCase(cases, "return body").indented())
                }
            }
            """
        ]
    }

    var responseWriter: String {
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
        let headers = response.swiftHeaders.map {
            "response.add(\(ParameterEmitter.description($0.part)), headers.\($0.identifier))"
        }
        guard let body = response.body, body.contents.count > 1 || !headers.isEmpty else {
            let body = response.body?.only.map { ", \($0.sending("body"))" } ?? ""
            if headers.isEmpty {
                return "case .\(response.caseName)\(pattern): return Response(status: \(status)\(body))"
            }
            return """
                case .\(response.caseName)\(pattern):
                    var response = Response(status: \(status)\(body))
                    \(headers.lines().indented())
                    return response
                """
        }
        if let only = body.only {
            return """
                case .\(response.caseName)\(pattern):
                    var response = Response(status: \(status), \(only.sending("body")))
                    \(headers.lines().indented())
                    return response
                """
        }
        let cases = body.swiftContents.map {
            "case .\($0.identifier)(let body): response.body = \($0.part.sending("body"))"
        }
        return """
            case .\(response.caseName)\(pattern):
                var response = Response(status: \(status))
                switch body {
                \(cases.lines().indented())
                }\(headers.map { "\n    \($0)" }.lines(""))
                return response
            """
    }

    var responseReader: String {
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
                lines.append("let body = \(only.waiting)\(only.read(by: "response", of: response.caseName))")
            } else {
                lines.append(readRepresentations(body, response))
            }
            arguments.append("body")
        }
        if !response.headers.isEmpty {
            let members = response.swiftHeaders.map { header in
                let (argument, closure) = ParameterEmitter.reading(
                    header.value,
                    of: "\(response.caseName)\(SwiftName.type(header.name))"
                )
                let call = ParameterEmitter.call(
                    "response.header",
                    [ParameterEmitter.description(header.part), argument],
                    closure
                )
                return
                    "\(SwiftName.label(header.identifier)): \(header.isOptional ? call : "response.required(\(call), \(SwiftWriter.literal(header.name)))")\(header.value.isNullable ? " ?? nil" : "")"
            }
            lines.append("let headers = try \(operation.typeName).\(headersName(response))(\(members.lines(", ")))")
            arguments.append("headers: headers")
        }
        let list = arguments.isEmpty ? "" : "(\(arguments.lines(", ")))"
        lines.append("self = .\(response.caseName)\(list)")
        return "\(label):\n    \(lines.lines().indented())"
    }

    private func readRepresentations(_ body: Body, _ response: Response) -> String {
        let cases = body.swiftContents.enumerated().map { index, content in
            let name = constantName(response.caseName, content, in: body)
            return
                "case \(index): .\(content.identifier)(\(content.waiting)\(content.part.read(by: "response", of: name)))"
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
