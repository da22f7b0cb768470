import ContractRuntime
import Handlers
import Logging

/// Does by itself, again and again, what nobody should have to ask for.
struct Scheduler {
    let api: API
    /// The time from one look to the next.
    let interval: Duration
    /// Whether this process has to look; another one does otherwise.
    let isNeeded: @Sendable () -> Bool
    let logger: Logger

    /// Runs until it is cancelled. A look that fails is made up for by the next one.
    func run() async {
        while true {
            do { try await Task.sleep(for: interval) } catch { return }
            guard isNeeded() else { continue }
            do {
                try await api.runScheduledChecks()
                try await api.maintain()
            } catch {
                // That the database is away is said elsewhere.
                let isAway = (error as? Problem)?.status == 503
                logger.log(
                    level: isAway ? .debug : .warning,
                    "scheduled checks failed",
                    metadata: ["error": "\(error)"]
                )
            }
        }
    }
}
