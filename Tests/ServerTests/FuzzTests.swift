import Foundation
import TestSupport
import Testing

@testable import Server

/// For any input to any operation, the response is declared in the contract, and is never an internal error.
///
/// `./flotilla test` then validates each of these exchanges against the contract. `FUZZ_ROUNDS` is the number of rounds.
@Suite struct FuzzTests {
    /// Problematic values: bounds, signs, other alphabets, values that look like another type.
    private static let words = [
        "", "0", "-1", "1", "201", "99999999999999999999", "1e400", "NaN", "true", "null", "i1", "BTC", "LIVE",
        "PENDING",
        "2026-03-01T09:30:00Z", "2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z", "0b9f6c1e-2a54-4d55-9f0e-6b6f3f2f6d11",
        "%00", "%ff",
        "%F0%9F%A6%80", "a%2Fb", "..%2F..%2Fetc", "'%20OR%201=1--", "%7B%7D", "55s", String(repeating: "x", count: 300),
    ]

    private func path(of operation: FuzzOperation) -> String {
        var path = operation.path
        var query: [String] = []
        for (name, place) in operation.parameters {
            let word = Self.words.randomElement() ?? ""
            switch place {
            case "path": path = path.replacing("{\(name)}", with: word.isEmpty ? "x" : word)
            case "query" where Bool.random(): query.append("\(name)=\(word)")
            default: break
            }
        }
        return query.isEmpty ? path : "\(path)?\(query.joined(separator: "&"))"
    }

    @Test func `no request makes the server fail, and each rejection is a problem`() async throws {
        // On a busy machine, a response that needs longer is not a failure.
        var limits = HTTPLimits()
        limits.responseTime = .seconds(30)
        try await RunningServer.with(limits: limits) { server in
            try await server.waitUntilReady()
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            let operations = try await FuzzOperation.all(of: server)
            #expect(operations.count > 60)
            var damage = Damage(rounds: 1_500)
            var round = 0
            while let (damaged, _) = damage.next(
                of: operations[round % operations.count].bodies + ["{}", "[]", "\"x\""]
            ) {
                let operation = operations[round % operations.count]
                round += 1
                // A long poll would wait as long as requested.
                let path = path(of: operation).replacing("wait=55s", with: "wait=0s").replacing(
                    "wait=1",
                    with: "wait=0"
                )
                let body = operation.bodies.isEmpty ? nil : Bool.random() ? damaged : operation.bodies.randomElement()
                let answer = try await server.api.send(
                    operation.method,
                    path,
                    headers: ["Content-Type": "application/json", "X-Admin-Token": RunningServer.token],
                    body: body
                )
                #expect(answer.status < 500, "\(operation.method) \(path) \(body ?? ""): \(answer.body)")
                if answer.status >= 400 {
                    #expect(answer.headers["content-type"] == "application/problem+json")
                    let problem = try answer.json()
                    #expect(problem["code"] is String)
                    #expect(problem["status"] as? Int == answer.status)
                }
            }
        }
    }
}
