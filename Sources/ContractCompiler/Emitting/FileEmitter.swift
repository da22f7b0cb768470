/// The Swift text of each file of a contract: one file of the contract becomes one Swift file, with the types and operations
/// that stand in it.
package struct FileEmitter {
    private let contract: Contract

    /// An emitter of `contract`.
    package init(_ contract: Contract) {
        self.contract = contract
    }

    /// What the contract file at `path` says, in Swift.
    package func file(from path: String, displayPath: String) -> String {
        let models = contract.models.filter { $0.node.location.file.path == path }.map(ModelEmitter.model)
        let operations = contract.operations.filter { $0.node.location.file.path == path }.map(
            OperationEmitter.operation
        )
        let needsRuntime =
            !operations.isEmpty || contract.models.contains { $0.node.location.file.path == path && $0.usesRuntime }
        let parts = (needsRuntime ? ["public import ContractRuntime"] : []) + models + operations
        return """
            \(SwiftWriter.header(source: displayPath))
            \(parts.lines("\n\n"))

            """
    }

    /// The protocols that handlers conform to, the router and the dispatch.
    package func routes(displayPath: String) -> String {
        """
        \(SwiftWriter.header(source: displayPath))
        public import ContractRuntime

        \(RouteEmitter.routes(contract))

        """
    }

    /// The contract itself, as it is served.
    package func document(displayPath: String) -> String {
        """
        \(SwiftWriter.header(source: displayPath))
        /// The contract, in one piece.
        public enum ContractDocument {
            /// The service's name.
            public static let title = \(SwiftWriter.literal(contract.title))
            /// The contract's version.
            public static let version = \(SwiftWriter.literal(contract.version))
            /// As JSON.
            public static let json = \(SwiftWriter.block(NodeWriter.json(contract.bundle)))
            /// As YAML.
            public static let yaml = \(SwiftWriter.block(NodeWriter.yaml(contract.bundle)))
        }

        """
    }
}

extension Model {
    /// Whether the type's declaration names something of `ContractRuntime`.
    fileprivate var usesRuntime: Bool {
        guard case .alias(let value) = shape else { return true }
        return switch value.kind {
        case .string, .integer, .number, .boolean: false
        default: true
        }
    }
}
