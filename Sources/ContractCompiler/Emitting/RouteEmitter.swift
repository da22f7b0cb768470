/// The Swift text of the protocols, the router and the dispatch.
enum RouteEmitter {
    static func routes(_ contract: Contract) -> String {
        """
        \(contract.groups.map(groupProtocol).lines("\n\n"))

        /// Every operation of the contract. An operation without a handler is a missing requirement of this protocol.
        public protocol Operations: \(contract.groups.map(\.protocolName).lines(", ")) {}

        \(route(contract))

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
        func \(operation.id)(_ input: \(operation.typeName).Input) async throws(Problem) -> \(operation.typeName).Output
        """
    }

    private static func dispatch(_ operations: [Operation]) -> String {
        """
        extension Operations {
            /// Reads the request, runs the operation and encodes what it answers.
            public func respond(
                to request: Request,
                on route: Route,
                validating validation: ResponseValidation = .off
            ) async throws(Problem) -> Response {
                try await answer(route)(request, validation)
            }

            /// What answers the requests of a route. It is chosen first and awaited once, so that a request that waits holds the space of
            /// one operation, and not of all.
            private func answer(_ route: Route) -> (Request, ResponseValidation) async throws(Problem) -> Response {
                switch route {
                \(operations.map(dispatchCase).lines().indented(2))
                }
            }
        }
        """
    }

    private static func dispatchCase(_ operation: Operation) -> String {
        """
        case .\(operation.id):
            { request, validation async throws(Problem) in
                try await \(operation.typeName).respond(to: request, validating: validation, with: \(operation.id))
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
            /// An operation, as the router finds it. The raw value is its `operationId`.
            public enum Route: String, CaseIterable, Sendable {
                \(contract.operations.map(routeCase).lines().indented())

                /// The media types of the bodies that the operation reads; empty for one that reads none.
                public var mediaTypes: [String] {
                    \(answers(contract.operations, mediaTypes).indented(2))
                }

                /// Whether the operation looks at header fields.
                public var readsHeaders: Bool {
                    \(answers(contract.operations) { "\($0.readsHeaders)" }.indented(2))
                }

                /// The largest body that the operation reads, in bytes; nil for the server's own limit.
                public var bodyLimit: Int? {
                    \(answers(contract.operations) { $0.node["x-max-body-bytes"]?.jsonNumber ?? "nil" }.indented(2))
                }

                /// What a caller must prove: one of the alternatives, all of it. Empty for an open operation; an empty alternative lets
                /// callers stay unknown.
                public var security: [[SecurityRequirement]] {
                    \(answers(contract.operations) { requirements($0.security) }.indented(2))
                }

                /// What an open operation asks for where the server is configured to.
                public var optionalSecurity: [[SecurityRequirement]] {
                    \(answers(contract.operations) { requirements($0.optionalSecurity) }.indented(2))
                }\(constants.isEmpty ? "" : "\n\n    \(constants.lines().indented())")
            }
            """
    }

    private static func routeCase(_ operation: Operation) -> String {
        operation.id.filter { $0 != "`" } == operation.contractID
            ? "case \(operation.id)" : "case \(operation.id) = \(SwiftWriter.literal(operation.contractID))"
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

    /// A switch over operations, those of one answer together; the answer alone if there is but one.
    private static func answers(_ operations: [Operation], _ answer: (Operation) -> String) -> String {
        var order: [String] = []
        var groups: [String: [String]] = [:]
        for operation in operations {
            let text = answer(operation)
            if groups[text] == nil { order.append(text) }
            groups[text, default: []].append(".\(operation.id)")
        }
        if order.count == 1 { return order[0] }
        return "switch self {\n\(order.map { SwiftWriter.switchCase(groups[$0] ?? [], $0) }.lines())\n}"
    }
}
