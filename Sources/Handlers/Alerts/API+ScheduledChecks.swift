import ContractRuntime
import Generated
import Postgres

extension API {
    /// Looks for lost instances, stuck runs and commands that have expired, as the server does by itself; only one of all servers on a
    /// database looks at a time.
    ///
    /// - Throws: Whatever keeps the database from answering. The next call does what this one could not.
    public func runScheduledChecks() async throws {
        let (stale, stuck) = (Int(configuration.heartbeatStaleSeconds), configuration.moduleRunStuckSeconds)
        try await transaction { transaction in
            guard try transaction.run(.lead()) else { return }
            _ = try transaction.run(.expireCommands(actor: Actor.scheduler))
            _ = try transaction.run(.forgetKeys())
            _ = try transaction.run(.checkHeartbeats(staleSeconds: stale, actor: Actor.scheduler))
            _ = try transaction.run(.checkStuckRuns(thresholdSeconds: stuck, actor: Actor.scheduler))
        }
    }
}
