/// The Swift text of an operation: what it takes, what it answers, and how both travel.
enum OperationEmitter {
    static func operation(_ operation: Operation) -> String {
        """
        \(SwiftWriter.doc(operation.text, origin: operation.origin))
        public enum \(operation.typeName) {
            /// What a caller sends, validated.
            public struct Input: Sendable {
                \(inputMembers(operation).indented(2))
            }

            /// What is answered. A refusal is thrown as a `Problem` instead.
            public enum Output: Sendable {
                \(operation.responses.map(outputCase).lines().indented(2))
            }
        }

        extension \(operation.typeName).Input {
            \((constants(operation) + [requestInitializer(operation)]).lines("\n\n").indented())
        }

        extension \(operation.typeName).Output {
            /// The answer on the wire.
            public var response: Response {
                switch self {
                \(operation.responses.map(responseCase).lines().indented(2))
                }
            }
        }
        """
    }

    private static func inputMembers(_ operation: Operation) -> String {
        let members = members(of: operation)
        let declarations = members.map { "\(SwiftWriter.doc($0.doc, origin: nil))\npublic var \($0.name): \($0.type)" }
            .lines()
        return (members.isEmpty ? "" : declarations + "\n\n") + initializer(members)
    }

    private struct Member {
        let name: String
        let type: String
        let doc: String
        let standIn: String?
    }

    private static func members(of operation: Operation) -> [Member] {
        var members = operation.parameters.map { parameter in
            let isOptional = !parameter.isRequired && parameter.defaultValue == nil
            return Member(
                name: parameter.swiftName,
                type: parameter.value.swiftType + (isOptional ? "?" : ""),
                doc: parameter.description ?? "The parameter `\(parameter.name)`.",
                standIn: parameter.defaultValue?.expression ?? (isOptional ? "nil" : nil)
            )
        }
        if let body = operation.body {
            members.append(Member(name: "body", type: body.swiftType, doc: "The body.", standIn: nil))
        }
        if !operation.security.isEmpty {
            members.append(Member(name: "principal", type: "Principal", doc: "Who calls.", standIn: nil))
        }
        return members
    }

    /// The expressions of the parameters, together in one text; none if there are none.
    private static func constants(_ operation: Operation) -> [String] {
        let patterns = SwiftWriter.patterns(operation.parameters.map { ($0.swiftName, $0.value) })
        return patterns.isEmpty ? [] : [patterns.lines()]
    }

    private static func initializer(_ members: [Member]) -> String {
        let arguments = members.map { "\($0.name): \($0.type)" + ($0.standIn.map { " = \($0)" } ?? "") }
        return """
            /// An input of these parts.
            public init(\(arguments.lines(", "))) {\(members.map { "\n    self.\($0.name) = \($0.name)" }.lines(""))\(members.isEmpty ? "" : "\n")}
            """
    }

    private static func requestInitializer(_ operation: Operation) -> String {
        let members = members(of: operation)
        let isRead = !operation.parameters.isEmpty || operation.body != nil
        let unwrapped =
            operation.parameters.filter(\.isRequired).map { "let \($0.swiftName), " }
            + (operation.body == nil ? [] : ["let body, "])
        var lines: [String] = []
        if !operation.security.isEmpty { lines.append("let principal = try request.requirePrincipal()") }
        if isRead {
            lines.append("var parameters = ParameterReader(request)")
            lines += operation.parameters.map { "let \($0.swiftName) = \(read($0))" }
            if let body = operation.body { lines.append("let body = parameters.body(\(body.swiftType).self)") }
            lines.append("guard \(unwrapped.lines(""))parameters.isValid else { throw parameters.problem }")
        }
        lines.append("self.init(\(members.map { "\($0.name): \($0.name)" }.lines(", ")))")
        return """
            /// Reads and validates a request; everything that is wrong with it is in one problem.
            public init(_ request: Request) throws(Problem) {
                \(lines.lines().indented())
            }
            """
    }

    private static func read(_ parameter: Parameter) -> String {
        let place =
            switch parameter.place {
            case .path(let index): ".path(\(index))"
            case .query: ".query"
            case .header: ".header"
            }
        let (function, constraints): (String, String) =
            switch parameter.value.kind {
            case .string(let minLength, let maxLength, let pattern):
                ("string", ModelEmitter.stringArguments(minLength, maxLength, pattern, of: parameter.swiftName))
            case .integer(let minimum, let maximum):
                ("integer", ModelEmitter.arguments(("minimum", minimum), ("maximum", maximum)))
            case .boolean: ("boolean", "")
            case .timestamp: ("timestamp", "")
            case .enumeration(let name): ("enumeration", "as: \(name).self")
            // The contract's builder lets no other kind be a parameter.
            default: ("uuid", "")
            }
        let arguments = [
            place, SwiftWriter.literal(parameter.name), parameter.isRequired ? "isRequired: true" : "", constraints,
        ]
        let standIn = parameter.defaultValue.map { " ?? \($0.expression)" } ?? ""
        return "parameters.\(function)(\(arguments.filter { !$0.isEmpty }.lines(", ")))\(standIn)"
    }

    private static func outputCase(_ response: Response) -> String {
        let payload =
            switch response.body {
            case .none: ""
            case .json(let value): "(\(value.swiftType))"
            case .text: "(String)"
            }
        return
            "\(SwiftWriter.doc("\(response.status): \(response.description ?? "")", origin: nil))\ncase \(response.swiftName)\(payload)"
    }

    private static func responseCase(_ response: Response) -> String {
        let status = response.status
        return switch response.body {
        case .none: "case .\(response.swiftName): Response(status: \(status))"
        case .json: "case .\(response.swiftName)(let body): Response(status: \(status), json: body)"
        case .text(let mediaType):
            "case .\(response.swiftName)(let text): Response(status: \(status), contentType: \(SwiftWriter.literal(mediaType)), text: text)"
        }
    }
}

extension Operation {
    /// Summary and description, as one text.
    var text: String {
        [summary, description].compactMap { $0 }.joined(separator: "\n\n")
    }

    /// Method, path and place in the contract.
    var origin: String { "\(method) \(template.text), \(node.origin)" }
}
