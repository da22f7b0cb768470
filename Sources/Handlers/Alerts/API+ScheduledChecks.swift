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
        let raised: [String]? = try await transaction { transaction in
            guard try transaction.run(.lead()) else { return nil }
            _ = try transaction.run(.expireCommands(actor: Actor.scheduler))
            _ = try transaction.run(.forgetKeys())
            _ = try transaction.run(.forgetEvents())
            try transaction.startScheduledRuns()
            _ = try transaction.run(.resolveLosses())
            let lost = try transaction.run(.checkHeartbeats(staleSeconds: stale, actor: Actor.scheduler))
            let late = try transaction.run(.checkStuckRuns(thresholdSeconds: stuck, actor: Actor.scheduler))
            _ = try transaction.run(.resolveFlapping())
            _ = try transaction.run(.resolveRegistrations())
            _ = try transaction.run(.sealAudit())
            return lost.created + late.created
        }
        if let raised { try await tellAndAudit(raised) }
    }

    /// Tries at once to tell somebody of what was raised; then the audit log gets it, with the outcome.
    func tellAndAudit(_ alerts: [String]) async throws(Problem) {
        await deliverNotifications(within: Self.firstTry)
        try await afterTelling { () async throws(Problem) in
            _ = try await run(.auditAlerts(alertIDs: alerts), .auditReconciles(reconcileID: nil))
        }
    }

    /// How long a request waits at most for somebody to be told; with the database's part it stays within 2.5 seconds.
    static let firstTry = Duration.milliseconds(1_800)
}
