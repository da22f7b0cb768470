import Allocations
import ContractRuntime
import Foundation
import Generated

/// Measures the generated heartbeat codec against Foundation's `JSONDecoder`, and the generated router against a dictionary.
///
/// The codec decodes and validates, and `JSONDecoder` only decodes. Each pair uses the same input in the same process.
///
///     deploy/build --product codec-benchmark && .build-release/release/codec-benchmark
@main
enum Benchmark {
    /// A heartbeat with eight members, the most frequent request.
    private static let body = Array(
        """
        {"bot_id":"grid-eth-01","instance_id":"grid-eth-01-a","runtime_mode":"LIVE","exchange":"kraken","symbol":"ETH/EUR",\
        "version":"2.14.0","timestamp":"2026-03-01T09:30:00.123456Z","metadata":{}}
        """.utf8
    )

    /// The same eight members as a plain `Decodable`, without a contract.
    private struct PlainHeartbeat: Decodable {
        let bot_id: String
        let instance_id: String
        let runtime_mode: String
        let exchange: String
        let symbol: String
        let version: String
        let timestamp: String
        let metadata: [String: String]
    }

    static func main() throws {
        guard (try? Heartbeat(json: body)) != nil else {
            fatalError("the benchmark's heartbeat is not valid by the contract")
        }
        let decoder = JSONDecoder()
        let data = Data(body)
        measure("decode and validate a heartbeat (\(body.count) bytes)", "JSONDecoder without validation") {
            _ = try? Heartbeat(json: body)
        } reference: {
            _ = try? decoder.decode(PlainHeartbeat.self, from: data)
        }
        let paths = [
            "/healthz", "/bots", "/commands/0b9f6c1e-2a54-4d55-9f0e-6b6f3f2f6d11/ack", "/instances/i/commands/pending",
        ]
        .map { Array($0.utf8) }
        measure(
            "match \(paths.count) paths of \(Route.allCases.count) operations",
            "a dictionary of strings without parameters"
        ) {
            for path in paths { path.withUnsafeBytes { _ = PathItem.match(PathSegments($0)) } }
        } reference: {
            for path in paths { _ = table[String(decoding: path, as: UTF8.self)] }
        }
    }

    private static let table = Dictionary(uniqueKeysWithValues: Route.allCases.map { ($0.rawValue, $0) })

    /// Prints the fastest of 15 short rounds. The two functions alternate, so that noise affects both.
    private static func measure(_ name: String, _ other: String, _ body: () -> Void, reference: () -> Void) {
        let count = 20_000
        var best = (Double.infinity, Double.infinity)
        for _ in 0..<15 {
            best.0 = min(best.0, time(count, body))
            best.1 = min(best.1, time(count, reference))
        }
        let counts = (allocations(body), allocations(reference))
        print("\(name): \(Int(saturating: best.0)) ns, \(counts.0) allocations")
        print(
            "    compared with \(other): \(Int(saturating: best.1)) ns, \(counts.1) allocations: ratio \((best.1 / best.0 * 100).rounded() / 100)"
        )
    }

    /// The number of allocations of one call.
    private static func allocations(_ body: () -> Void) -> Int {
        let before = allocation_count()
        body()
        return allocation_count() - before
    }

    /// Nanoseconds per call.
    private static func time(_ count: Int, _ body: () -> Void) -> Double {
        let start = ContinuousClock.now
        for _ in 0..<count { body() }
        let elapsed = ContinuousClock.now - start
        return Double(elapsed.components.attoseconds) / 1e9 / Double(count) + Double(elapsed.components.seconds) * 1e9
            / Double(count)
    }
}
