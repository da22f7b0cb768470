import Foundation
import TestSupport

@testable import Server

/// The parts of an operation that a fuzz test needs.
struct FuzzOperation {
    let method: String
    let path: String
    let parameters: [(name: String, place: String)]
    let bodies: [String]

    /// The operations in the contract that a server serves, with the examples for their bodies.
    static func all(of server: RunningServer) async throws -> [FuzzOperation] {
        let contract = try await server.api.send("GET", "/openapi.json").json()
        let components = contract["components"] as? [String: Any]
        let schemas = components?["schemas"] as? [String: Any] ?? [:]
        let shared = components?["parameters"] as? [String: Any] ?? [:]
        func parameter(_ value: Any) -> (String, String)? {
            guard var object = value as? [String: Any] else { return nil }
            if let name = (object["$ref"] as? String)?.split(separator: "/").last {
                object = shared[String(name)] as? [String: Any] ?? [:]
            }
            guard let name = object["name"] as? String, let place = object["in"] as? String else { return nil }
            return (name, place)
        }
        func examples(_ schema: Any?) -> [String] {
            guard let schema = schema as? [String: Any] else { return [] }
            if let name = (schema["$ref"] as? String)?.split(separator: "/").last {
                let examples = (schemas[String(name)] as? [String: Any])?["examples"] as? [Any] ?? []
                return examples.compactMap { try? JSONSerialization.data(withJSONObject: $0) }
                    .map { String(decoding: $0, as: UTF8.self) }
            }
            let branches = (schema["oneOf"] as? [Any] ?? []).flatMap { examples($0) }
            return branches + branches.map { "[\($0),\($0)]" }
        }
        var operations: [FuzzOperation] = []
        for (path, item) in contract["paths"] as? [String: Any] ?? [:] where path != "/events" {
            let item = item as? [String: Any] ?? [:]
            let common = (item["parameters"] as? [Any] ?? []).compactMap(parameter)
            for (method, value) in item {
                guard let operation = value as? [String: Any] else { continue }
                let content = (operation["requestBody"] as? [String: Any])?["content"] as? [String: Any]
                let json = content?["application/json"] as? [String: Any]
                operations.append(
                    FuzzOperation(
                        method: method.uppercased(),
                        path: path,
                        parameters: common + (operation["parameters"] as? [Any] ?? []).compactMap(parameter),
                        bodies: examples(json?["schema"])
                    )
                )
            }
        }
        return operations.sorted { ($0.path, $0.method) < ($1.path, $1.method) }
    }
}
