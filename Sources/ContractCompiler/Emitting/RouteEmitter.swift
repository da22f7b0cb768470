/// Writes the handler protocols, the router and the dispatch in Swift.
enum RouteEmitter {
    static func routes(_ contract: Contract) -> String {
        """
        \(contract.groups.map(groupProtocol).lines("\n\n"))

        /// All operations of the contract. A missing handler is a missing requirement of this protocol.
        public protocol Operations: \(contract.groups.map(\.protocolName).lines(", ")) {}

        \(route(contract))

        /// The input of one of these operations.
        public protocol RoutedInput: OperationInput {
            /// The operation of the input.
            static var route: Route { get }
        }

        \(RouterEmitter(contract.operations).text)

        \(dispatch(contract.operations))
        """
    }

    private static func groupProtocol(_ group: OperationGroup) -> String {
        """
        \(SwiftWriter.doc(group.description, origin: "tag \(group.name)"))
        public protocol \(group.protocolName): Sendable {
            \(group.operations.map(requirement).lines("\n\n").indented())
        }
        """
    }

    private static func requirement(_ operation: Operation) -> String {
        """
        \(SwiftWriter.doc(operation.text, origin: operation.origin))
        func \(operation.functionName)(_ input: \(operation.typeName).Input) async throws(Problem) -> \(operation.typeName).Output
        """
    }

    private static func dispatch(_ operations: [Operation]) -> String {
        """
        extension Operations {
            /// Reads the request, runs the operation and encodes its response.
            public func respond(
                to request: Request,
                on route: Route,
                validating validation: ResponseValidation = .off
            ) async throws(Problem) -> Response {
                try await answer(route)(request, validation)
            }

            /// The function that handles a route. It is chosen first and awaited once, so that a waiting request needs the memory of one
            /// operation, not of all.
            private func answer(_ route: Route) -> (Request, ResponseValidation) async throws(Problem) -> Response {
                switch route {
                \(operations.map(answer).lines().indented(2))
                }
            }
        }
        """
    }

    /// The three steps of an operation: read the parameters and the body, call the handler, encode the answer.
    private static func answer(_ operation: Operation) -> String {
        let name = operation.functionName
        let handler = ["request", "validation", "input", "output"].contains(name) ? "self.\(name)" : name
        return """
            case .\(name):
                { request, validation async throws(Problem) in
                    let input = try \(operation.typeName).Input(request)
                    let output = try await \(handler)(input)
                    return try await validation.answer(output)
                }
            """
    }

    // MARK: - Routes

    private static func route(_ contract: Contract) -> String {
        let schemes = Dictionary(
            contract.operations.flatMap { ($0.security + $0.optionalSecurity).joined() }.map {
                ($0.scheme.name, $0.scheme)
            }
        ) { first, _ in first }
        let constants = schemes.values.sorted { $0.name < $1.name }.map { scheme in
            "private static let \(constantName(scheme)) = SecurityScheme(\(SwiftWriter.literal(scheme.name)), \(kind(scheme)))"
        }
        return """
            /// An operation in the router. The raw value is its `operationId`.
            public enum Route: String, CaseIterable, Sendable {
                \(contract.operations.map(routeCase).lines().indented())

                /// The media types of the request body; empty if the operation has no body.
                public var mediaTypes: [String] {
                    \(answers(contract.operations, mediaTypes).indented(2))
                }

                /// Whether the operation reads header fields.
                public var readsHeaders: Bool {
                    \(answers(contract.operations) { "\($0.readsHeaders)" }.indented(2))
                }

                /// The maximum size of the request body in bytes; nil means the server's limit.
                public var bodyLimit: Int? {
                    \(answers(contract.operations) { $0.node["x-max-body-bytes"]?.jsonNumber ?? "nil" }.indented(2))
                }

                /// The security requirements. A caller must satisfy all schemes of one alternative. Empty for an open operation; an empty
                /// alternative allows anonymous callers.
                public var security: [[SecurityRequirement]] {
                    \(answers(contract.operations) { requirements($0.security) }.indented(2))
                }

                /// The security requirements of an open operation if the server is configured to require credentials.
                public var optionalSecurity: [[SecurityRequirement]] {
                    \(answers(contract.operations) { requirements($0.optionalSecurity) }.indented(2))
                }\(constants.isEmpty ? "" : "\n\n    \(constants.lines().indented())")
            }
            """
    }

    private static func routeCase(_ operation: Operation) -> String {
        operation.functionName.filter { $0 != "`" } == operation.id
            ? "case \(operation.functionName)" : "case \(operation.functionName) = \(SwiftWriter.literal(operation.id))"
    }

    private static func mediaTypes(_ operation: Operation) -> String {
        "[\((operation.body?.contents ?? []).map { SwiftWriter.literal($0.mediaType) }.lines(", "))]"
    }

    private static func requirements(_ alternatives: [[SecurityRequirement]]) -> String {
        let alternatives = alternatives.map { alternative in
            let requirements = alternative.map { requirement in
                let scopes =
                    requirement.scopes.isEmpty
                    ? "" : ", scopes: [\(requirement.scopes.map(SwiftWriter.literal).lines(", "))]"
                return "SecurityRequirement(Self.\(constantName(requirement.scheme))\(scopes))"
            }
            return "[\(requirements.lines(", "))]"
        }
        return "[\(alternatives.lines(", "))]"
    }

    private static func constantName(_ scheme: SecuritySchemeObject) -> String { SwiftName.property(scheme.name) }

    private static func kind(_ scheme: SecuritySchemeObject) -> String {
        switch scheme.kind {
        case .apiKey(let place, let name): ".apiKey(.\(place), name: \(SwiftWriter.literal(name)))"
        case .http(let scheme): ".http(scheme: \(SwiftWriter.literal(scheme)))"
        case .oauth2: ".oauth2"
        case .openIDConnect(let url): ".openIDConnect(url: \(SwiftWriter.literal(url)))"
        case .mutualTLS: ".mutualTLS"
        }
    }

    /// A switch over operations, grouped by result, or only the result if there is one.
    private static func answers(_ operations: [Operation], _ answer: (Operation) -> String) -> String {
        var order: [String] = []
        var groups: [String: [String]] = [:]
        for operation in operations {
            let text = answer(operation)
            if groups[text] == nil { order.append(text) }
            groups[text, default: []].append(".\(operation.functionName)")
        }
        if order.count == 1 { return order[0] }
        return "switch self {\n\(order.map { SwiftWriter.switchCase(groups[$0] ?? [], $0) }.lines())\n}"
    }
}
