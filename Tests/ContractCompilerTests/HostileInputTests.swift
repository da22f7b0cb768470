import TestSupport
import Testing

@testable import ContractCompiler

/// The readers turn any input into a node or a diagnostic, in bounded time.
@Suite struct HostileInputTests {
    private func read(_ text: String, as name: String) -> (node: Node?, messages: [String]) {
        let file = SourceFile(path: "/\(name)", displayPath: name, bytes: Array(text.utf8))
        var log = DiagnosticLog()
        let node = Node.read(file, log: &log)
        return (node, log.sorted.map { "\($0.location.line):\($0.location.column) \($0.message)" })
    }

    @Test(.timeLimit(.minutes(5)), arguments: ["hostile.json", "hostile.yaml"])
    func `nesting of 100,000 levels is rejected`(name: String) {
        let text = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        #expect(read(text, as: name).messages == ["1:257 more than 256 levels of nesting"])
    }

    @Test(.timeLimit(.minutes(5)))
    func `exploding aliases are rejected`() {
        var text = "a: &a [x, x, x, x, x, x, x, x, x]\n"
        for (previous, name) in zip("abcdefgh", "bcdefghi") {
            text += "\(name): &\(name) [" + Array(repeating: "*\(previous)", count: 9).joined(separator: ", ") + "]\n"
        }
        let (node, messages) = read(text, as: "bomb.yaml")
        #expect(node == nil)
        #expect(messages.count == 1)
        #expect(messages.first?.hasSuffix("more than 1000000 nodes after aliases are expanded") == true)
    }

    @Test(.timeLimit(.minutes(5)), arguments: ["number.json", "number.yaml"])
    func `a number of a million digits is a number`(name: String) {
        let digits = String(repeating: "7", count: 1_000_000)
        #expect(read("{\"a\": \(digits)}", as: name).node?["a"]?.jsonNumber == digits)
    }

    @Test func `unpaired surrogates and duplicate keys are rejected with their locations`() {
        #expect(read(#"{"a": "\ud800"}"#, as: "x.json").messages == ["1:8 unpaired surrogate"])
        #expect(read(#"{"a": 1, "a": 2}"#, as: "x.json").messages == ["1:10 the key 'a' is given twice"])
        #expect(read("a: 1\na: 2\n", as: "x.yaml").messages == ["2:1 the key 'a' is given twice"])
    }

    @Test(.timeLimit(.minutes(5)))
    func `schemas with endless references are compiled or rejected`() {
        let text = """
            openapi: 3.1.0
            info: {title: Circles, version: '1'}
            paths: {}
            components:
              schemas:
                A: {$ref: '#/components/schemas/B'}
                B: {$ref: '#/components/schemas/A'}
                C: {allOf: [{$ref: '#/components/schemas/C'}], type: object}
                D: {anyOf: [{$ref: '#/components/schemas/D'}, {type: string}]}
                E: {type: array, items: {$ref: '#/components/schemas/E'}}
                F: {type: object, properties: {f: {$ref: '#/components/schemas/F'}}, additionalProperties: {$ref: '#/components/schemas/F'}}
                G: {not: {$ref: '#/components/schemas/G'}}
            """
        let file = SourceFile(path: "/c.yaml", displayPath: "c.yaml", bytes: Array(text.utf8))
        var log = DiagnosticLog()
        let contract = ContractBuilder.build(root: "/c.yaml", schemas: [], registry: Registry { _ in file }, log: &log)
        #expect(contract == nil)
        #expect(
            log.sorted.map { "\($0.location.line):\($0.location.column) \($0.code.rawValue)" } == [
                "6:8 circular-reference", "7:8 circular-reference", "8:8 circular-reference", "9:8 circular-reference",
                "12:8 circular-reference",
            ]
        )
    }

    /// Random damage to JSON and YAML texts. `FUZZ_ROUNDS=1000000 swift test --filter HostileInputTests` runs more rounds.
    @Test(.timeLimit(.minutes(5)))
    func `damaged texts are read or rejected`() {
        let seeds = [
            #"{"a": [1, -2.5e3, "x\u00e9\n", null, true], "b": {"c": {}, "d": []}}"#,
            "openapi: 3.1.0\ninfo:\n  title: &t A\n  version: '1'\npaths: {/a: {get: {summary: *t}}}\n# end\n",
            "a: |\n  text\n  more\nb: >-\n  folded\nc: [1, 0x1F, .5, ~, \"q\\t\"]\n? k\n: v\n",
        ]
        var random = Damage(rounds: 3_000)
        while let (text, number) = random.next(of: seeds) {
            for name in ["x.json", "x.yaml"] {
                let (node, messages) = read(text, as: name)
                #expect(node != nil || !messages.isEmpty, "round \(number)")
                guard let node, name == "x.json" else { continue }
                // Written text reads as the same value.
                let written = NodeWriter.compactJSON(node)
                #expect(read(written, as: name).node.map(NodeWriter.compactJSON) == written)
            }
        }
    }
}
