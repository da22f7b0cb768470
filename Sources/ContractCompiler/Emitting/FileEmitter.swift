/// Writes the Swift files of a contract: one for each file of the contract, with its types and operations.
package struct FileEmitter {
    private let contract: Contract
    private let module: String?

    /// Creates an emitter for `contract`.
    ///
    /// - Parameter module: The module of the generated files, named in their first line.
    package init(_ contract: Contract, module: String? = nil) {
        self.contract = contract
        self.module = module
    }

    /// The Swift file for the contract file at `path`.
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

    /// The whole contract as files of a readable size, by name. Used to generate code outside of a build.
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
        let models = contract.models.filter { isIncluded($0.node) }.map(model)
        let operations =
            contract.operations.filter { isIncluded($0.node) }.map { OperationEmitter($0, isRouted: true).text }
            + contract.outgoing.filter { isIncluded($0.node) }.map { OperationEmitter($0, isRouted: false).text }
        let rules = contract.rules.filter { isIncluded($0.node) }.map(rule)
        return models + operations + rules
    }

    /// A model's type, and the codec that reads and validates it in one pass.
    private func model(_ model: Model) -> String {
        switch model.shape {
        case .structure(let properties, let others):
            StructureEmitter(model, properties, others: others).text
        case .enumeration(let enumeration): ModelEmitter.enumeration(model, enumeration)
        case .union(let union): UnionEmitter(model, union).text
        case .tuple(let elements, let required, let rest):
            TupleEmitter(model: model, elements: elements, required: required, rest: rest).text
        case .wrapper(let value): ModelEmitter.wrapper(model, value)
        case .alias(let value):
            """
            \(ModelEmitter.doc(model))
            public typealias \(model.name) = \(value.swiftType)
            """
        }
    }

    private func rule(_ rule: NamedRule) -> String {
        """
        extension Rules {
            \(SwiftWriter.doc(nil, origin: rule.node.origin))
            static let \(SwiftName.escaped(rule.name)): Rule = \(SwiftWriter.folded(RuleWriter.text(rule.rule)).indented())
        }
        """
    }

    /// The protocols for handlers, the router, the dispatch and the client.
    package func routes(displayPath: String) -> String {
        let client = contract.operations.isEmpty && contract.outgoing.isEmpty ? [] : [ClientEmitter.client(contract)]
        let routes = contract.operations.isEmpty ? [] : [RouteEmitter.routes(contract)]
        let rules =
            contract.rules.isEmpty
            ? [] : ["/// Rules for the parts of schemas that types cannot express.\nenum Rules {}"]
        return """
            \(SwiftWriter.header(source: displayPath))
            \(routes.isEmpty && client.isEmpty ? "" : "public ")import ContractRuntime

            \((routes + client + rules).lines("\n\n"))

            """
    }

    /// The bundled contract, which the server serves.
    package func document(displayPath: String) -> String {
        """
        \(SwiftWriter.header(source: displayPath))
        /// The contract as one self-contained document.
        public enum ContractDocument {
            /// The title of the contract.
            public static let title = \(SwiftWriter.literal(contract.title))
            /// The version of the contract.
            public static let version = \(SwiftWriter.literal(contract.version))
            // Computed, because a getter is not part of the interface: an edit of the contract does not recompile what uses the text.
            /// The document as JSON.
            public static var json: String {
                \(SwiftWriter.block(NodeWriter.json(contract.bundle)))
            }
            /// The document as YAML.
            public static var yaml: String {
                \(SwiftWriter.block(NodeWriter.yaml(contract.bundle)))
            }
        }

        """
    }

    /// The examples of the contract, each with a function that reads and writes it as its type.
    package func examples(displayPath: String) -> String {
        let examples = contract.examples.map { example in
            let rule =
                example.value.rule.map { ",\n    rule: \(SwiftWriter.folded(RuleWriter.text($0)).indented())" } ?? ""
            return """
                ContractExample(
                    place: \(SwiftWriter.literal("\(example.node.location)")),
                    json: \(SwiftWriter.rawLiteral(NodeWriter.compactJSON(example.node)))\(rule)
                ) { (json) throws(JSONSyntaxError) -> \(example.value.optionalType)? in
                    \(ValueReader.read(example.value, of: nil).indented())
                },
                """
        }
        // The compiler is slow for an array literal with hundreds of closures, so write several short functions.
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

            /// The examples in the contract.
            public enum ContractExamples {
                /// All examples, in the order of the contract.
                public static func all() -> [ContractExample] {
                    [ContractExample]()\(chunks.indices.map { " + examples\($0)()" }.lines(""))
                }

                \(functions.lines("\n\n").indented())
            }

            """
    }
}

extension Model {
    /// Whether the type's declaration uses a type of `ContractRuntime`.
    fileprivate var usesRuntime: Bool {
        guard case .alias(let value) = shape else { return true }
        return switch value.kind {
        case .string, .integer, .number, .boolean, .named: false
        default: true
        }
    }
}
