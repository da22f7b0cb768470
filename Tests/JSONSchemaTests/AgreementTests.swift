import ContractCompiler
import Foundation
import JSONSchema
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// Compares generated validators with the reference. The schemas of the suite become Swift, which is compiled and validates the suite's
/// instances and random ones. If the two disagree, one of them is wrong.
///
/// `AGREEMENT_INSTANCES=1000000 swift test --filter AgreementTests` uses more than the usual 100,000 instances.
@Suite(.enabled(if: Suite.isAvailable, "the JSON Schema test suite is not on this machine"))
struct AgreementTests {
    private struct Question {
        let schema: Int
        let instance: String
    }

    @Test(.timeLimit(.minutes(10)))
    func `generated validators agree with the reference`() async throws {
        let cases = try (Suite.files(in: "") + Suite.files(in: "optional")).flatMap { file in
            try Suite.cases(in: file).map { (file, $0) }
        }
        .filter { file, entry in
            // Excluded: keywords of older drafts, integers of more than 64 bits, which do not fit Swift's `Int`, and schemas that have
            // examples, because the test marks schemas with examples.
            let isComparable = !["cross-draft", "dependencies-compatibility", "bignum", "float-overflow"].contains {
                file.contains($0)
            }
            return isComparable && entry.schema.boolean == nil && entry.schema["examples"] == nil
        }
        let total = ProcessInfo.processInfo.environment["AGREEMENT_INSTANCES"].flatMap { Int($0) } ?? 100_000
        var random = RandomInstances(seed: 20_261_122)
        var questions: [Question] = []
        for (index, entry) in cases.enumerated() {
            questions += entry.1.tests.map { Question(schema: index, instance: NodeWriter.compactJSON($0.instance)) }
            random.learn(entry.1.schema, entry.1.tests.map(\.instance))
            for _ in 0..<(total / cases.count) {
                questions.append(Question(schema: index, instance: random.instance()))
            }
        }
        let answers = try await GeneratedValidators.answers(
            schemas: cases.map { NodeWriter.compactJSON($0.1.schema) },
            questions: questions.map { ($0.schema, $0.instance) }
        )
        var validators: [Int: SchemaValidator] = [:]
        var disagreements: [String] = []
        var unanswered: Set<String> = []
        var count = 0
        for (question, answer) in zip(questions, answers) {
            guard let answer else {
                unanswered.insert("\(cases[question.schema].0): \(cases[question.schema].1.description)")
                continue
            }
            var validator =
                try validators[question.schema]
                ?? SchemaValidator(cases[question.schema].1.schema, registry: Suite.remotes, assertsFormats: true)
            let isValid = try validator.validate(try Suite.node(text: question.instance)).isValid
            validators[question.schema] = validator
            count += 1
            if isValid != answer {
                let schema = NodeWriter.compactJSON(cases[question.schema].1.schema)
                disagreements.append(
                    "\(cases[question.schema].0): \(schema) on \(question.instance): expected \(isValid)"
                )
            }
        }
        #expect(disagreements.prefix(40) == [])
        #expect(unanswered == [])
        #expect(count >= total / cases.count * cases.count)
    }
}

/// Generates JSON texts from the words in a schema and its instances, so that about half of them meet each constraint.
private struct RandomInstances {
    private var generator: SplitMix
    private var names: [String] = []
    private var values: [String] = []

    init(seed: UInt64) {
        generator = SplitMix(seed: seed)
    }

    mutating func learn(_ schema: Node, _ instances: [Node]) {
        names = ["foo", "bar"]
        values = ["null", "true", "false", "0", "1", "-1", "1.0", "1.5", "\"\"", "\"foo\"", "\"é\"", "[]", "{}"]
        for node in [schema] + instances { collect(node) }
    }

    private mutating func collect(_ node: Node) {
        switch node.value {
        case .scalar: values.append(NodeWriter.compactJSON(node))
        case .sequence(let items): for item in items { collect(item) }
        case .mapping(let members):
            for member in members {
                if !member.key.hasPrefix("$") { names.append(member.key) }
                collect(member.value)
            }
        }
    }

    mutating func instance(depth: Int = 0) -> String {
        let kind = Int.random(in: 0..<10, using: &generator)
        if depth < 3, kind < 4 {
            var seen: Set<String> = []
            let members = (0..<Int.random(in: 0...4, using: &generator)).compactMap { _ -> String? in
                let name = names.randomElement(using: &generator) ?? "foo"
                guard seen.insert(name).inserted else { return nil }
                return "\(quoted(name)):\(instance(depth: depth + 1))"
            }
            return "{\(members.joined(separator: ","))}"
        }
        if depth < 3, kind < 6 {
            let items = (0..<Int.random(in: 0...4, using: &generator)).map { _ in instance(depth: depth + 1) }
            return "[\(items.joined(separator: ","))]"
        }
        if kind == 6 { return "\(Int.random(in: -20...200, using: &generator))" }
        if kind == 7 { return "\(Double(Int.random(in: -400...400, using: &generator)) / 8)" }
        return values.randomElement(using: &generator) ?? "null"
    }

    private func quoted(_ name: String) -> String {
        let file = SourceFile(path: "x.json", displayPath: "x.json", bytes: [])
        let node = Node(
            value: .scalar(.init(kind: .string, text: name)),
            location: Location(file: file, line: 1, column: 1),
            pointer: ""
        )
        return NodeWriter.compactJSON(node)
    }
}
