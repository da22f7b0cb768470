import ContractRuntime
import Generated
import Postgres

extension Transaction {
    /// Queues a run of each module that is due. Missed times cause one run or none, as the module is configured. While a
    /// scheduled run is queued, no other is added.
    borrowing func startScheduledRuns() throws {
        for module in try run(.dueModules()) {
            if !module.isLate || module.missedRunPolicy == .runOnce {
                _ = try run(.startScheduledRun(moduleID: module.moduleID, actor: Actor.scheduler))
            }
            let now = try run(.databaseTime())
            let next = try? CronExpression(module.scheduleCron).next(after: now)
            _ = try run(.setNextRun(moduleID: module.moduleID, nextRunAt: next))
        }
    }
}
