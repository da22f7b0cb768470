/// The Swift text of the protocols, the router and the dispatch.
enum RouteEmitter {
    static func routes(_ contract: Contract) -> String {
        """
        \(contract.groups.map(groupProtocol).lines("\n\n"))

        /// Every operation of the contract. An operation without a handler is a missing requirement of this protocol.
        public protocol Operations: \(contract.groups.map(\.protocolName).lines(", ")) {}

        \(route(contract))

        /// What stands at one path: the operation of each method.
        public struct PathItem: Sendable {
            /// The operation of GET.
            public var get: Route?
            /// The operation of PUT.
            public var put: Route?
            /// The operation of POST.
            public var post: Route?
            /// The operation of DELETE.
            public var delete: Route?
            /// The operation of PATCH.
            public var patch: Route?
            /// Which segments of the path are parameters.
            public var parameters: [Int] = []

            \(match(contract).indented())
        }

        extension Operations {
            /// Reads the request, runs the operation and encodes what it answers.
            public func respond(to request: Request, on route: Route) async throws(Problem) -> Response {
                switch route {
                \(contract.operations.map(dispatch).lines().indented(2))
                }
            }
        }
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

    private static func dispatch(_ operation: Operation) -> String {
        "case .\(operation.id): try await \(operation.id)(\(operation.typeName).Input(request)).response"
    }

    private static func route(_ contract: Contract) -> String {
        let schemes = Dictionary(contract.operations.flatMap(\.security).map { ($0.name, $0) }) { first, _ in first }
        let constants = schemes.values.sorted { $0.name < $1.name }.map { scheme in
            let arguments = "scheme: \(SwiftWriter.literal(scheme.name)), header: \(SwiftWriter.literal(scheme.header))"
            return "private static let \(SwiftName.property(scheme.name)) = SecurityRequirement.headerKey(\(arguments))"
        }
        return """
            /// An operation, as the router finds it. The raw value is its `operationId`.
            public enum Route: String, CaseIterable, Sendable {
                \(contract.operations.map { "case \($0.id)" }.lines().indented())

                /// Whether the operation reads a body.
                public var hasBody: Bool {
                    switch self {
                    \(flagged(contract.operations) { $0.body != nil }.indented(2))
                    }
                }

                /// Whether the operation has parameters in header fields.
                public var readsHeaders: Bool {
                    switch self {
                    \(flagged(contract.operations, \.readsHeaders).indented(2))
                    }
                }

                /// What a caller must prove, all of it; empty for an open operation.
                public var security: [SecurityRequirement] {
                    switch self {
                    \(security(contract).indented(2))
                    }
                }

                \(constants.lines().indented())
            }
            """
    }

    private static func flagged(_ operations: [Operation], _ flag: (Operation) -> Bool) -> String {
        let on = operations.filter(flag).map { ".\($0.id)" }
        let off = operations.filter { !flag($0) }.map { ".\($0.id)" }
        return [(on, "true"), (off, "false")].filter { !$0.0.isEmpty }
            .map { SwiftWriter.switchCase($0.0, $0.1) }.lines()
    }

    private static func security(_ contract: Contract) -> String {
        var order: [[String]] = []
        var groups: [[String]: [String]] = [:]
        for operation in contract.operations {
            let schemes = operation.security.map { SwiftName.property($0.name) }
            if groups[schemes] == nil { order.append(schemes) }
            groups[schemes, default: []].append(".\(operation.id)")
        }
        return order.map { schemes in
            SwiftWriter.switchCase(groups[schemes] ?? [], "[\(schemes.map { "Self.\($0)" }.lines(", "))]")
        }.lines()
    }

    // MARK: - The router

    /// The templates, merged at their common segments.
    private final class Branch {
        var literals: [(text: String, branch: Branch)] = []
        var parameter: Branch?
        var operations: [Operation] = []

        func branch(for segment: PathTemplate.Segment) -> Branch {
            switch segment {
            case .literal(let text):
                if let known = literals.first(where: { $0.text == text }) { return known.branch }
                let branch = Branch()
                literals.append((text, branch))
                return branch
            case .parameter:
                let branch = parameter ?? Branch()
                parameter = branch
                return branch
            }
        }
    }

    private static func match(_ contract: Contract) -> String {
        let root = Branch()
        for operation in contract.operations {
            let leaf = operation.template.segments.reduce(root) { $0.branch(for: $1) }
            leaf.operations.append(operation)
        }
        return """
            /// What stands at `path`; nil when nothing does. A literal segment is preferred to a parameter.
            public static func match(_ path: PathSegments) -> PathItem? {
                \(body(of: root, depth: 0).indented())
                return nil
            }
            """
    }

    private static func body(of branch: Branch, depth: Int) -> String {
        var parts: [String] = []
        if !branch.operations.isEmpty {
            parts.append("if path.count == \(depth) { return \(item(branch.operations)) }")
        }
        if !branch.literals.isEmpty {
            let cases = branch.literals.map {
                "case \(SwiftWriter.literal($0.text)):\n    \(body(of: $0.branch, depth: depth + 1).indented())"
            }
            parts.append("switch path[\(depth)] {\n\(cases.lines())\ndefault: break\n}")
        }
        if let parameter = branch.parameter {
            parts.append("if path.hasValue(at: \(depth)) {\n    \(body(of: parameter, depth: depth + 1).indented())\n}")
        }
        return parts.lines()
    }

    private static func item(_ operations: [Operation]) -> String {
        let methods = ["GET", "PUT", "POST", "DELETE", "PATCH"]
        var arguments = methods.compactMap { method in
            operations.first { $0.method == method }.map { "\(method.lowercased()): .\($0.id)" }
        }
        let parameters = operations[0].template.segments.indices.filter {
            if case .parameter = operations[0].template.segments[$0] { true } else { false }
        }
        if !parameters.isEmpty { arguments.append("parameters: \(parameters)") }
        return "PathItem(\(arguments.lines(", ")))"
    }
}
