import ContractRuntime
import Generated
import Postgres

extension Transaction {
    /// Queues a run of each module whose time has come. Times that passed while nobody looked are made up for by one run, or forgotten,
    /// as the module says; while a run of the schedule waits in the queue, no other joins it.
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
