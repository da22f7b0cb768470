import ContractRuntime
import Generated

extension API {
    /// Once a minute, raises an alert for each operation whose requests to this process fail with 500, until it is cancelled.
    public func watchRequests() async {
        var watch = RequestWatch()
        while (try? await Task.sleep(for: .seconds(RequestWatch.seconds))) != nil {
            let failing = watch.failing(telemetry.requestCounts)
            for operation in failing { try? await raise(operation) }
        }
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

    struct Failing: Equatable {
        let route: Route
        let count: RequestCount
        let severity: Severity
    }

    /// The operations that have failed since the previous look.
    mutating func failing(_ counts: [Route: RequestCount]) -> [Failing] {
        defer { last = counts }
        return counts.sorted { $0.key.rawValue < $1.key.rawValue }.compactMap { route, count in
            let new = count - last[route, default: RequestCount()]
            let share = Double(new.failed) / Double(max(new.total, 1))
            guard new.failed >= Self.leastFailures, share >= Self.leastShare else { return nil }
            return Failing(route: route, count: new, severity: share >= Self.criticalShare ? .critical : .warning)
        }
    }
}
