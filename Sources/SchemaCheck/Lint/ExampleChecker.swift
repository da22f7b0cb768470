import ContractCompiler
import JSONSchema

/// Checks the examples of a contract against their schemas.
struct ExampleChecker {
    /// The place of an example.
    enum Place: CaseIterable {
        case body, parameter, schema
    }

    /// An example that violates its schema.
    struct Fault {
        let message: String
        let node: Node
        let notes: [Diagnostic.Note]
    }

    /// The maximum number of keywords applied for all examples together. Each example has a limit too, but there may be thousands.
    private static let stepLimit = 20_000_000

    private let walk: DocumentWalk
    private let source: ContractSource
    private let assertsFormats: Bool

    /// - Parameter source: The contract with its schemas converted to JSON Schema 2020-12.
    init(_ walk: DocumentWalk, _ source: ContractSource, assertsFormats: Bool = true) {
        self.walk = walk
        self.source = source
        self.assertsFormats = assertsFormats
    }

    /// The examples in one kind of place, with their schemas.
    func examples(_ place: Place) -> [(example: Node, schema: Node)] {
        let kinds: [NodeKind] =
            [.body: [.mediaType], .parameter: [.parameter, .header], .schema: [.schema]][place] ?? []
        return walk.visits.filter { kinds.contains($0.kind) }.flatMap { visit -> [(Node, Node)] in
            if place == .schema {
                let list = visit["examples"]?.items ?? []
                return ((visit["example"].map { [$0] } ?? []) + list).map { ($0, visit.node) }
            }
            guard let schema = visit["schema"], !isBinary(visit) else { return [] }
            let named = (visit["examples"]?.members ?? []).compactMap { source.followed($0.value) }
            return ((visit["example"].map { [$0] } ?? []) + named.compactMap { $0["dataValue"] ?? $0["value"] }).map {
                ($0, schema)
            }
        }
    }

    /// Schemas describe only JSON and forms.
    private func isBinary(_ visit: Visit) -> Bool {
        guard visit.kind == .mediaType else { return false }
        let type = visit.key.lowercased()
        return
            !(type.contains("json") || type.hasPrefix("application/x-www-form") || type.hasPrefix("multipart/")
            || type.hasPrefix("*/"))
            || type.contains("seq") || type.contains("jsonl") || type.contains("ndjson")
    }

    /// The invalid examples, each with its most specific violations.
    func faults(_ place: Place) -> [Fault] {
        examples(place).flatMap { example, schema -> [Fault] in
            guard let schema = source.counterpart(of: schema) else { return [] }
            guard source.validationSteps < Self.stepLimit else {
                let message = "cannot be checked: the examples before it used all \(Self.stepLimit) validation steps"
                return [Fault(message: message, node: example, notes: [])]
            }
            do throws(SchemaError) {
                let output = try source.validate(example, against: schema, assertsFormats: assertsFormats)
                return Self.leaves(output.errors).map { unit in
                    let node = example.node(at: unit.instanceLocation) ?? example
                    let note = Diagnostic.Note(message: "its schema", location: schema.location)
                    return Fault(message: unit.error ?? "", node: node, notes: [note])
                }
            } catch {
                return [Fault(message: "cannot be checked: \(error)", node: example, notes: [])]
            }
        }
    }

    /// The errors without errors below them: the reason of a failed alternative is more useful than the failure.
    private static func leaves(_ errors: [ValidationOutput.Unit]) -> [ValidationOutput.Unit] {
        let leaves = errors.filter { unit in
            !errors.contains {
                $0.keywordLocation != unit.keywordLocation && $0.keywordLocation.hasPrefix(unit.keywordLocation + "/")
            }
        }
        return Array(leaves.prefix(5))
    }
}

extension ContractSource {
    /// The node of this contract at the location of a node from another reading of the same files.
    func counterpart(of node: Node) -> Node? {
        roots.first { $0.location.file.path == node.location.file.path }?.node(at: node.pointer)
    }
}
