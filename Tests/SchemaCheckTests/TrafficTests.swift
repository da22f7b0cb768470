import ContractCompiler
import Testing

@testable import SchemaCheck

/// Recorded exchanges that match a contract or violate it.
@Suite struct TrafficTests {
    private static let contract = """
        openapi: 3.1.0
        info: { title: T, version: '1' }
        servers: [{ url: https://shop.test/v1 }]
        security: [{ key: [] }]
        paths:
          /orders/{id}:
            put:
              parameters:
                - { name: id, in: path, required: true, schema: { type: integer } }
                - { name: page, in: query, schema: { type: integer, maximum: 9 } }
                - { name: tags, in: query, schema: { type: array, items: { enum: [a, b] } } }
              requestBody: { required: true, content: { application/json: { schema: { type: object, required: [n] } } } }
              responses:
                '200':
                  description: x
                  headers: { X-Count: { required: true, schema: { type: integer } } }
                  content: { application/json: { schema: { type: object, properties: { n: { type: integer } } } } }
                '204': { description: x }
                4XX: { description: x, content: { application/problem+json: { schema: { type: object, required: [title] } } } }
          /orders/last: { get: { security: [], responses: { default: { description: x } } } }
        components: { securitySchemes: { key: { type: apiKey, in: header, name: X-Key } } }
        """

    /// The parts of a request, the parts of its response, and the codes of the violations.
    @Test(arguments: [
        ("PUT /orders/1", "X-Key: k", #"{"n":1}"#, 204, "", "", ""),
        ("PUT /v1/orders/1?page=3&tags=a&tags=b", "X-Key: k", #"{"n":1}"#, 204, "", "", ""),
        (
            "PUT /orders/1", "X-Key: k", #"{"n":1}"#, 200, "Content-Type: application/json; charset=utf-8|X-Count: 5",
            #"{"n":1}"#, ""
        ),
        (
            "PUT /orders/1", "X-Key: k", #"{"n":1}"#, 200, "Content-Type: application/json|X-Count: 5", #"{"n":"1"}"#,
            "response-body"
        ),
        (
            "PUT /orders/1", "X-Key: k", #"{"n":1}"#, 200, "Content-Type: application/json|X-Count: 5", #"{"n":1"#,
            "response-body"
        ),
        (
            "PUT /orders/1", "X-Key: k", #"{"n":1}"#, 200, "Content-Type: application/json", #"{"n":1}"#,
            "response-header"
        ),
        (
            "PUT /orders/1", "X-Key: k", #"{"n":1}"#, 200, "Content-Type: application/json|X-Count: many", #"{"n":1}"#,
            "response-header"
        ),
        (
            "PUT /orders/1", "X-Key: k", #"{"n":1}"#, 200, "Content-Type: text/plain|X-Count: 5", "x",
            "undeclared-media-type"
        ),
        ("PUT /orders/1", "X-Key: k", #"{"n":1}"#, 204, "", "x", "response-body"),
        ("PUT /orders/1", "X-Key: k", #"{"n":1}"#, 202, "", "", "undeclared-status"),
        ("PUT /orders/1", "X-Key: k", #"{"n":1}"#, 500, "", "", "undeclared-status"),
        (
            "PUT /orders/1", "X-Key: k", #"{"n":1}"#, 413, "Content-Type: application/problem+json", #"{"title":"x"}"#,
            ""
        ),
        ("PUT /orders/1", "", #"{"n":1}"#, 204, "", "", "request-accepted"),
        ("PUT /orders/one", "X-Key: k", #"{"n":1}"#, 204, "", "", "request-accepted"),
        ("PUT /orders/1?page=10", "X-Key: k", #"{"n":1}"#, 204, "", "", "request-accepted"),
        ("PUT /orders/1?tags=c", "X-Key: k", #"{"n":1}"#, 204, "", "", "request-accepted"),
        ("PUT /orders/1", "X-Key: k", "{}", 204, "", "", "request-accepted"),
        ("PUT /orders/1", "X-Key: k", "", 204, "", "", "request-accepted"),
        ("PUT /orders/1", "X-Key: k|Content-Type: text/plain", "x", 204, "", "", "request-accepted"),
        ("PUT /orders/1", "X-Key: k", "{}", 422, "Content-Type: application/problem+json", #"{"title":"x"}"#, ""),
        ("PUT /orders/1", "X-Key: k", "{}", 422, "Content-Type: application/problem+json", "{}", "response-body"),
        ("GET /orders/last", "", "", 200, "", "", ""),
        ("GET /orders/1", "X-Key: k", "", 405, "", "", ""),
        ("GET /orders/1", "X-Key: k", "", 200, "", "", "undeclared-operation"),
        ("GET /nowhere", "", "", 404, "", "", ""),
    ])
    func `an exchange is checked against the contract`(
        request: String,
        headers: String,
        body: String,
        status: Int,
        answerHeaders: String,
        answer: String,
        expected: String
    ) throws {
        func fields(_ text: String) -> String {
            text.split(separator: "|").map { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                return "\(NodeWriter.quoted(String(parts[0]))): \(NodeWriter.quoted(String(parts[1].dropFirst())))"
            }.joined(separator: ", ")
        }
        let words = request.split(separator: " ")
        let line = """
            {"request": {"method": "\(words[0])", "path": "\(words[1])", "headers": {\(fields(headers))}, "body": \(NodeWriter.quoted(body))}, \
            "response": {"status": \(status), "headers": {\(fields(answerHeaders))}, "body": \(NodeWriter.quoted(answer))}}
            """
        let checker = TrafficChecker(try InMemory.contract(Self.contract))
        let faults = checker.faults(try Exchange(try InMemory.node(line, name: "line.json")))
        #expect(faults.map(\.code).joined(separator: ", ") == expected, "\(faults.map(\.message))")
    }

    @Test func `invalid lines are reported with their locations`() async throws {
        try await TemporaryProject.with(["openapi", "jsonschema"]) { project in
            try project.write(
                """
                {"request": {"method": "GET", "path": "/healthz"}, "response": {"status": 200, "headers": {"content-type": "application/json"}, "body": "{\\"status\\":\\"ok\\",\\"timestamp\\":\\"2026-03-01T09:30:00Z\\",\\"schema_version\\":1}"}}
                {"request": {"method": "GET"}, "response": {"status": 200}}
                nonsense
                {"request": {"method": "GET", "path": "/healthz"}, "response": {"status": 200, "headers": {"content-type": "application/json"}, "body_base64": "e30="}}
                """,
                to: "traffic.jsonl"
            )
            let run = try await project.run("schema-check", "traffic", "traffic.jsonl")
            #expect(run.status == 1)
            #expect(
                run.output.contains("traffic.jsonl:2:1: error: a request must have 'method' and 'path' [exchange]"),
                "\(run.output)"
            )
            #expect(run.output.contains("traffic.jsonl:3:1: error: the line is not JSON"))
            #expect(
                run.output.contains(
                    "traffic.jsonl:4:1: error: GET /healthz: the response 200: : \"status\", \"timestamp\", \"schema_version\" are missing [response-body]"
                ),
                "\(run.output)"
            )
            #expect(run.output.hasSuffix("4 exchanges: 3 errors, 0 warnings\n"))
        }
    }
}
