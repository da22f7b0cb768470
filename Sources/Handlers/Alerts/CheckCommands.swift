import ContractRuntime
import Generated
import Postgres

extension API {
    /// Raises alerts for accepted commands that do not finish and for critical ones that were not executed, and resolves the alerts of
    /// finished commands. Returns false if another server does this.
    func checkCommands(_ lock: Job.Lock) async throws(Problem) -> Bool {
        let (size, seconds) = (1_000, configuration.commandFinishSeconds)
        var checked: Int
        repeat {
            let part = try await lead(lock) { transaction in
                try transaction.run(.checkCommands(finishSeconds: seconds, limit: size, actor: Actor.scheduler))
            }
            guard let part else { return false }
            try await notifyAndAudit(part.created, within: .seconds(10))
            checked = part.checked
        } while checked >= size && !Task.isCancelled
        return try await lead(lock, inPartsOf: size) { try $0.run(.resolveUnfinishedCommands(limit: $1)) }
    }
}
