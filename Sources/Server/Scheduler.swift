import ContractRuntime
import Handlers
import Logging

/// Runs the periodic jobs.
struct Scheduler {
    let api: API
    /// The time from the end of one pass to the start of the next.
    let interval: Duration
    /// Whether this process must run the jobs. If not, another process does.
    let isNeeded: @Sendable () -> Bool
    let logger: Logger

    /// Runs the jobs until it is cancelled.
    func run(_ jobs: [Job]) async {
        // The jobs that failed in the last pass, so that a failure and its end are logged once.
        // traps: the names are those of our own jobs, in ASCII.
        var failed: Set<String> = []
        while (try? await Task.sleep(for: interval)) != nil {
            guard isNeeded() else { continue }
            await api.run(jobs) { job, problem in
                if let problem, failed.insert(job.name).inserted {
                    logger.warning("job failed", metadata: ["job": "\(job.name)", "error": "\(problem)"])
                } else if problem == nil, failed.remove(job.name) != nil {
                    logger.notice("job recovered", metadata: ["job": "\(job.name)"])
                }
            }
        }
    }
}
