import ContractRuntime
import Handlers
import Logging

/// Does the jobs of servers, again and again.
struct Scheduler {
    let api: API
    /// The time from the end of one pass to the start of the next.
    let interval: Duration
    /// Whether this process has to do them; another one does otherwise.
    let isNeeded: @Sendable () -> Bool
    let logger: Logger

    /// Does jobs until it is cancelled.
    func run(_ jobs: [Job]) async {
        // What failed in the last pass. A failure is logged once, and so is its end.
        // traps: the names are those of our own jobs, in ASCII.
        var failed: Set<String> = []
        while (try? await Task.sleep(for: interval)) != nil {
            guard isNeeded() else { continue }
            await api.run(jobs) { job, problem in
                if let problem, failed.insert(job.name).inserted {
                    logger.warning("job failed", metadata: ["job": "\(job.name)", "error": "\(problem)"])
                } else if problem == nil, failed.remove(job.name) != nil {
                    logger.notice("job works again", metadata: ["job": "\(job.name)"])
                }
            }
        }
    }
}
