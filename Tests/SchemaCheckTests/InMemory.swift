import ContractCompiler
import Foundation
import TestSupport
import Testing

@testable import SchemaCheck

/// Contracts in memory.
enum InMemory {
    /// The files of a contract whose document is `text`.
    static func files(_ text: String, name: String = "api.yaml", others: [String: String] = [:]) -> ContractFiles {
        var texts = others
        texts[name] = text
        return ContractFiles(
            root: "/contract/" + name,
            folder: "/contract",
            open: { path in
                let name = String(path.dropFirst("/contract/".count))
                return texts[name].map { SourceFile(path: path, displayPath: name, bytes: Array($0.utf8)) }
            },
            schemas: []
        )
    }

    /// A contract with its schemas converted to JSON Schema 2020-12.
    static func contract(_ text: String, name: String = "api.yaml", others: [String: String] = [:]) throws
        -> ContractSource
    {
        var log = DiagnosticLog()
        return try #require(
            ContractSource(files(text, name: name, others: others), isNormalised: true, log: &log),
            "\(log.sorted)"
        )
    }

    /// The root of a YAML text.
    static func node(_ text: String, name: String = "text.yaml") throws -> Node {
        var log = DiagnosticLog()
        return try #require(Node.read(SourceFile(path: name, displayPath: name, bytes: Array(text.utf8)), log: &log))
    }

    /// A document with one operation, `POST /things/{id}`, whose bodies have the schema `schema`.
    static func document(
        _ schema: String = "type: string",
        parameters: String = "[]",
        components: String = "{}",
        version: String = "3.1.0",
        direction: Direction = .request
    ) -> String {
        let own = "schema: { \(schema) }"
        let other = "schema: { type: object }"
        return """
            openapi: \(version)
            info: { title: T, version: '1' }
            paths:
              /things/{id}:
                post:
                  operationId: postThing
                  parameters: \(parameters)
                  requestBody: { required: true, content: { application/json: { \(direction == .request ? own : other) } } }
                  responses: { '200': { description: x, content: { application/json: { \(direction == .request ? other : own) } } } }
            components: \(components)
            """
    }
}
