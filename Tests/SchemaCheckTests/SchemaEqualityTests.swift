import ContractCompiler
import Testing

@testable import SchemaCheck

/// Unchanged schemas are distinguished from changed ones, and each pair is visited once.
@Suite struct SchemaEqualityTests {
    private static func contract(_ schemas: String, name: String) throws -> ContractSource {
        try InMemory.contract(InMemory.document(components: "{ schemas: { \(schemas) } }"), name: name)
    }

    /// The named schemas of both contracts.
    private static func schemas(_ name: String, _ old: ContractSource, _ new: ContractSource) throws -> (Node, Node) {
        let pointer = "/components/schemas/\(name)"
        return (try #require(old.root.node(at: pointer)), try #require(new.root.node(at: pointer)))
    }

    @Test func `a chain that differs at its end is compared once from any start`() throws {
        func chain(_ last: String) -> String {
            (0..<500).map {
                "S\($0): { type: object, properties: { next: { $ref: '#/components/schemas/S\($0 + 1)' } } }, "
            }.joined() + "S500: { type: string\(last) }"
        }
        let old = try Self.contract(chain(""), name: "old.yaml")
        let new = try Self.contract(chain(", minLength: 3"), name: "new.yaml")
        let equality = SchemaEquality(old: old, new: new)
        for number in 0..<500 {
            let (was, now) = try Self.schemas("S\(number)", old, new)
            #expect(!equality.areEqual(was, now))
        }
        // 500 schemas, the reference in each, and the last schema.
        #expect(equality.comparisons == 1_001)
    }

    @Test func `a difference in a cycle affects each schema of the cycle`() throws {
        func cycle(_ type: String) -> String {
            """
            A: { properties: { b: { $ref: '#/components/schemas/B' }, d: { $ref: '#/components/schemas/D' } } }, \
            B: { properties: { c: { $ref: '#/components/schemas/C' } } }, \
            C: { properties: { a: { $ref: '#/components/schemas/A' }, x: { type: \(type) } } }, \
            D: { properties: { d: { $ref: '#/components/schemas/D' } } }
            """
        }
        let (old, new) = (
            try Self.contract(cycle("string"), name: "old.yaml"), try Self.contract(cycle("integer"), name: "new.yaml")
        )
        for names in [["A", "B", "C", "D"], ["D", "C", "B", "A"], ["B", "D", "A", "C"]] {
            let equality = SchemaEquality(old: old, new: new)
            for name in names {
                let (was, now) = try Self.schemas(name, old, new)
                #expect(equality.areEqual(was, now) == (name == "D"))
            }
        }
    }
}
