import ContractRuntime
import Generated
import Synchronization

/// How many responses there were, and how many with status 500.
struct RequestCount: Equatable, Sendable {
    var total = 0
    var failed = 0

    /// The difference between two readings of the same counters.
    static func - (later: Self, earlier: Self) -> Self {
        // traps: counters of requests do not reach 2^63.
        Self(total: later.total - earlier.total, failed: later.failed - earlier.failed)
    }
}

/// The metrics of requests, by operation.
final class RequestMetrics: Sendable {
    /// The requests of an operation.
    private struct Requests: Sendable {
        /// The number of responses per status.
        var statuses: [Int: Int] = [:]
        var durations = DurationHistogram()
    }

    private let state = Mutex<[Route: Requests]>([:])

    /// Counts a response.
    func record(_ route: Route, status: Int, _ seconds: Double) {
        let bucket = DurationHistogram.bucket(of: seconds)
        func count(_ requests: inout Requests) {
            requests.statuses[status, default: 0] += 1
            requests.durations.add(seconds, to: bucket)
        }
        state.withLock { count(&$0[route, default: Requests()]) }
    }

    /// The counts of the responses so far, by operation.
    var counts: [Route: RequestCount] {
        state.withLock { $0 }.mapValues { requests in
            RequestCount(total: requests.statuses.values.reduce(0, +), failed: requests.statuses[500, default: 0])
        }
    }

    /// Adds the metrics to `text`. Labels have a fixed set of values: operations and statuses.
    func write(to text: inout PrometheusText) {
        let requests = state.withLock { $0 }.sorted { $0.key.rawValue < $1.key.rawValue }
        let name = "flotilla_requests_total"
        let totals = requests.flatMap { route, requests in
            requests.statuses.sorted { $0.key < $1.key }.map { status, count in
                (#"\#(name){operation="\#(route.rawValue)",status="\#(status)"}"#, Double(count))
            }
        }
        text.family(name, "counter", "Completed requests.", totals)
        let durations = requests.flatMap { route, requests in
            requests.durations.samples.map {
                $0.line(of: "flotilla_request_seconds", #"operation="\#(route.rawValue)""#)
            }
        }
        text.family(
            "flotilla_request_seconds",
            "histogram",
            "The time from the complete request to its response.",
            durations
        )
    }
}
