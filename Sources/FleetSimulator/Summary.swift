import Foundation

/// The text report of a run.
struct Summary {
    let plan: SimulationPlan
    let result: Comparison.Result
    let run: SimulationRun

    #if canImport(Glibc)
    private static let ownUsage = RUSAGE_SELF.rawValue
    #else
    private static let ownUsage = RUSAGE_SELF
    #endif

    /// How many differences are printed at most.
    private static let maximumDifferences = 20

    var text: String {
        let counts = run.counted
        let faults = Fault.allCases.compactMap { fault -> String? in
            let count = plan.bots.count { $0.has(fault) }
            return count == 0 ? nil : "\(fault.rawValue) \(count)"
        }
        var usage = rusage()
        getrusage(Self.ownUsage, &usage)
        let processor = seconds(usage.ru_utime) + seconds(usage.ru_stime)
        let memory = Double(usage.ru_maxrss) / 1024
        let differences = result.differences.prefix(Self.maximumDifferences).map { "  \($0)\n" }.joined()
        return """
            \(plan.bots.count) bots, \(Int(plan.duration)) s, seed \(plan.seed); faults: \(faults.joined(separator: ", "))
            sent      \(counts.heartbeats) heartbeats, \(counts.reports) requests with reports, \(counts.polls) polls, \
            \(counts.acknowledgements) acknowledgements; \(counts.failures) lost requests or responses
            compared  \(result.metrics) metrics, \(result.costs) costs, \(result.executions) executions, \
            \(result.positions) positions, \(result.commands) commands
            alerts    \(result.alerts) CRITICAL for lost heartbeats, \(result.falseAlerts) of them false, \
            \(result.slowClockAlerts) for bots with slow clocks; \(counts.deadManActions) dead-man switches acted
            commands  create → accepted \(percentiles(result.untilAccepted)); create → completed \(percentiles(result.untilCompleted))
            simulator \(rounded(processor)) s of CPU time, \(rounded(memory)) MiB peak memory
            differences: \(result.differences.count)
            \(differences)
            """
    }

    private func percentiles(_ values: [Double]) -> String {
        guard !values.isEmpty else { return "none" }
        let sorted = values.sorted()
        func at(_ share: Double) -> Double { sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))] }
        return "p50 \(rounded(at(0.5))) ms, p99 \(rounded(at(0.99))) ms of \(sorted.count)"
    }

    private func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }

    private func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
}
