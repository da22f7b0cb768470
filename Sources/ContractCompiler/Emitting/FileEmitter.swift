/// The Swift text of each file of a contract: one file of the contract becomes one Swift file, with the types and operations
/// that stand in it.
package struct FileEmitter {
    private let contract: Contract
    private let module: String?

    /// An emitter of `contract`.
    ///
    /// - Parameter module: The module that the files will be part of, for their first line.
    package init(_ contract: Contract, module: String? = nil) {
        self.contract = contract
        self.module = module
    }

    /// What the contract file at `path` says, in Swift.
    package func file(from path: String, displayPath: String) -> String {
        let isHere: (Node) -> Bool = { $0.location.file.path == path }
        let parts = parts(isHere)
        let needsRuntime =
            contract.models.contains { isHere($0.node) && $0.usesRuntime }
            || contract.rules.contains { isHere($0.node) }
            || (contract.operations + contract.outgoing).contains { isHere($0.node) }
        return """
            \(SwiftWriter.header(source: displayPath))
            \(((needsRuntime ? ["public import ContractRuntime"] : []) + parts).lines("\n\n"))

            """
    }

    /// The whole contract in files of a readable size, by their names: what is generated outside of a build.
    package func files(displayPath: String) -> [(name: String, text: String)] {
        let parts = parts { _ in true }
        let size = 4_000
        var files: [[String]] = [[]]
        var lines = 0
        for part in parts {
            if lines > size {
                files.append([])
                lines = 0
            }
            files[files.count - 1].append(part)
            lines += part.utf8.count { $0 == 0x0A } + 2
        }
        let header = SwiftWriter.header(source: displayPath, module: module)
        return files.enumerated().filter { !$0.element.isEmpty }.map { number, parts in
            let name = files.count == 1 ? "Contract.swift" : "Contract\(number + 1).swift"
            let isPublic = parts.contains { $0.contains("public ") }
            return (
                name, "\(header)\n\((["\(isPublic ? "public " : "")import ContractRuntime"] + parts).lines("\n\n"))\n"
            )
        }
    }

    private func parts(_ isIncluded: (Node) -> Bool) -> [String] {
        let models = contract.models.filter { isIncluded($0.node) }.map(ModelEmitter.model)
        let operations = (contract.operations + contract.outgoing).filter { isIncluded($0.node) }.map {
            OperationEmitter($0).text
        }
        let rules = contract.rules.filter { isIncluded($0.node) }.map(rule)
        return models + operations + rules
    }

    private func rule(_ rule: NamedRule) -> String {
        """
        extension Rules {
            \(SwiftWriter.doc(nil, origin: rule.node.origin))
            static let \(rule.name): Rule = \(SwiftWriter.folded(rule.rule.text).indented())
        }
        """
    }

    /// The protocols that handlers conform to, the router, the dispatch and the client.
    package func routes(displayPath: String) -> String {
        let client = contract.operations.isEmpty && contract.outgoing.isEmpty ? [] : [ClientEmitter.client(contract)]
        let routes = contract.operations.isEmpty ? [] : [RouteEmitter.routes(contract)]
        let rules =
            contract.rules.isEmpty
            ? [] : ["/// The schemas that are checked as a whole, for what types do not say.\nenum Rules {}"]
        return """
            \(SwiftWriter.header(source: displayPath))
            \(routes.isEmpty && client.isEmpty ? "" : "public ")import ContractRuntime

            \((routes + client + rules).lines("\n\n"))

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

    /// The examples of the contract, each ready to be read and written by the type that it is an example of.
    package func examples(displayPath: String) -> String {
        let examples = contract.examples.map { example in
            let rule = example.value.rule.map { ",\n    rule: \(SwiftWriter.folded($0.text).indented())" } ?? ""
            return """
                ContractExample(
                    place: \(SwiftWriter.literal("\(example.node.location)")),
                    json: \(SwiftWriter.rawLiteral(NodeWriter.compactJSON(example.node)))\(rule)
                ) { (json) throws(JSONSyntaxError) -> \(example.value.optionalType)? in
                    \(ValueReader.read(example.value, of: nil).indented())
                },
                """
        }
        // An array literal of hundreds of closures would keep the compiler busy; functions of a few do not.
        let chunks = stride(from: 0, to: examples.count, by: 20).map {
            Array(examples[$0..<min($0 + 20, examples.count)])
        }
        let functions = chunks.enumerated().map { number, chunk in
            """
            private static func examples\(number)() -> [ContractExample] {
                [
                    \(chunk.lines().indented(2))
                ]
            }
            """
        }
        return """
            \(SwiftWriter.header(source: displayPath))
            public import ContractRuntime

            /// The examples that stand in the contract.
            public enum ContractExamples {
                /// All of them, in the order of the contract.
                public static func all() -> [ContractExample] {
                    [ContractExample]()\(chunks.indices.map { " + examples\($0)()" }.lines(""))
                }

                \(functions.lines("\n\n").indented())
            }

            """
    }
}

extension Model {
    /// Whether the type's declaration names something of `ContractRuntime`.
    fileprivate var usesRuntime: Bool {
        guard case .alias(let value) = shape else { return true }
        return switch value.kind {
        case .string, .integer, .number, .boolean, .named: false
        default: true
        }
    }
}
