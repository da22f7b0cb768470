import ContractRuntime
import Foundation
import Generated
import Testing

@Suite struct RoutingTests {
    private func match(_ path: String) -> PathItem? {
        var path = path
        return path.withUTF8 { PathItem.match(PathSegments(UnsafeRawBufferPointer($0))) }
    }

    @Test func `a path is matched to its operations and parameters`() {
        let ack = match("/commands/0b9f6c1e-2a54-4d55-9f0e-6b6f3f2f6d11/ack")
        #expect(ack?.post == .acknowledgeCommand)
        #expect(ack?.get == nil)
        #expect(ack?.parameters == [.segment(1)])
        #expect(match("/commands")?.get == .listCommands)
        #expect(match("/commands")?.post == .createCommand)
    }

    @Test(arguments: [
        "", "/", "bots", "/bots/", "/Bots", "//bots", "/bots/x", "/commands//ack", "/instances/i/commands/pending/x",
        "/" + String(repeating: "a/", count: 50),
    ])
    func `a path without a template has no operations`(path: String) {
        #expect(match(path) == nil)
    }

    @Test func `every operation is found by its path`() throws {
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(ContractDocument.json.utf8)) as? [String: Any]
        )
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        var reached: Set<String> = []
        for (template, item) in paths {
            let path = template.replacing(try Regex("\\{[^}]*\\}"), with: "x")
            let found = try #require(match(path))
            for (method, route) in [
                ("get", found.get), ("post", found.post), ("put", found.put), ("patch", found.patch),
                ("delete", found.delete),
            ] {
                let operation = item[method] as? [String: Any]
                #expect(route?.rawValue == operation?["operationId"] as? String)
                if let route { reached.insert(route.rawValue) }
            }
        }
        #expect(reached.count == Route.allCases.count)
    }

    @Test func `the bundled contract has no external references`() throws {
        #expect(!ContractDocument.json.contains(".schema.json"))
        #expect(!ContractDocument.yaml.contains(".yaml#"))
    }
}
