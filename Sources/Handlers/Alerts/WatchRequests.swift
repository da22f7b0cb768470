import ContractRuntime
import FoundationEssentials
import Generated

extension API {
    /// Once a minute, notes the reports of agents, and raises an alert for each operation whose requests to this process fail with 500, until
    /// it is cancelled.
    ///
    /// - Parameter isCounting: Whether this process answers agents.
    public func watchRequests(isCounting: Bool) async {
        let server = UUID()
        var watch = RequestWatch()
        while (try? await Task.sleep(for: .seconds(RequestWatch.seconds))) != nil {
            let failing = watch.failing(telemetry.requestCounts)
            if isCounting { try? await note(watch.ingest, of: server) }
            for operation in failing { try? await raise(operation) }
        }
    }

    /// Notes the reports that a server answered in its last minute.
    func note(_ ingest: RequestCount, of server: UUID) async throws(Problem) {
        _ = try await run(.noteIngest(serverID: server, requests: ingest.total, failures: ingest.failed))
    }

    func raise(_ failing: RequestWatch.Failing) async throws(Problem) {
        let (failed, total) = (failing.count.failed, failing.count.total)
        let seconds = RequestWatch.seconds
        _ = try await run(
            .raiseFailingRequests(
                severity: failing.severity,
                operation: failing.route.rawValue,
                message: "\(failing.route.rawValue): \(failed) of \(total) requests failed in \(seconds) s",
                metadata: JSONObject { json in
                    json.member("failed", failed)
                    json.member("requests", total)
                    json.member("seconds", seconds)
                }
            )
        )
    }
}

/// Finds the operations that fail, from the counts of their responses.
///
/// Only status 500 counts: a 503 has a cause that readiness shows.
struct RequestWatch {
    /// The seconds between two looks.
    static let seconds = 60
    /// The seconds without a failure after which an alert is resolved.
    static let quietSeconds = 300
    /// The number of failures, and their share of an operation's requests, from which there is an alert.
    private static let (leastFailures, leastShare) = (5, 0.05)
    /// The share from which it is CRITICAL.
    private static let criticalShare = 0.2

    private var last: [Route: RequestCount] = [:]
    /// The reports of agents between the last two looks.
    private(set) var ingest = RequestCount()

    struct Failing: Equatable {
        let route: Route
        let count: RequestCount
        let severity: Severity
    }

    /// The operations that have failed since the previous look.
    mutating func failing(_ counts: [Route: RequestCount]) -> [Failing] {
        defer { last = counts }
        ingest = counts.filter { $0.key.isIngest }.reduce(into: RequestCount()) { sum, entry in
            let new = entry.value - last[entry.key, default: RequestCount()]
            sum.total = sum.total.addingSaturated(new.total)
            sum.failed = sum.failed.addingSaturated(new.failed)
        }
        return counts.sorted { $0.key.rawValue < $1.key.rawValue }.compactMap { route, count in
            let new = count - last[route, default: RequestCount()]
            let share = Double(new.failed) / Double(max(new.total, 1))
            guard new.failed >= Self.leastFailures, share >= Self.leastShare else { return nil }
            return Failing(route: route, count: new, severity: share >= Self.criticalShare ? .critical : .warning)
        }
    }
}

extension Route {
    /// Whether agents report with it.
    fileprivate var isIngest: Bool { rawValue.utf8.starts(with: "post".utf8) }
}
