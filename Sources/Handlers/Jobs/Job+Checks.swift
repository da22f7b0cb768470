public import ContractRuntime
import Generated
import Postgres

extension Job {
    /// Checks that must run often: expiring commands, due runs, lost instances.
    public static let checks = [
        Job("check_heartbeats") { (api, lock) throws(Problem) in
            let stale = api.configuration.heartbeatStaleSeconds
            let found = try await api.checkFleet { after throws(Problem) in
                try await api.lead(lock) { transaction in
                    try transaction.run(
                        .checkHeartbeats(
                            after: after,
                            limit: API.instancesAtOnce,
                            staleSeconds: stale,
                            actor: Actor.scheduler
                        )
                    )
                }
            }
            guard let found else { return false }
            try await api.notifyAndAudit(found.created, within: .seconds(10))
            return true
        },
        Job("resolve_losses") { (api, lock) throws(Problem) in
            try await api.lead(lock, inPartsOf: 1_000) { try $0.run(.resolveLosses(limit: $1)) }
        },
        Job("expire_commands") { (api, lock) throws(Problem) in
            try await api.lead(lock, inPartsOf: 1_000) {
                try $0.run(.expireCommands(actor: Actor.scheduler, limit: $1))
            }
        },
        Job("check_commands") { (api, lock) throws(Problem) in try await api.checkCommands(lock) },
        Job("start_runs") { (api, lock) throws(Problem) in
            try await api.lead(lock) { try $0.startScheduledRuns() } != nil
        },
        Job("check_runs") { (api, lock) throws(Problem) in
            let stuck = api.configuration.moduleRunStuckSeconds
            let found = try await api.lead(lock) { transaction in
                try transaction.run(.checkStuckRuns(thresholdSeconds: stuck, actor: Actor.scheduler))
            }
            guard let found else { return false }
            try await api.notifyAndAudit(found.created, within: .seconds(10))
            return true
        },
        Job("resolve_alerts") { (api, lock) throws(Problem) in
            let seconds = api.configuration.policy.flappingSeconds
            let isLeader: Void? = try await api.lead(lock) { transaction in
                _ = try transaction.run(.resolveFlapping(seconds: seconds))
                _ = try transaction.run(.resolveQuietAlerts(source: "registrations", seconds: 900))
                _ = try transaction.run(.resolveQuietAlerts(source: "requests", seconds: RequestWatch.quietSeconds))
            }
            return isLeader != nil
        },
        // Write the alerts that servers which have ended did not write to the audit log.
        Job("audit_alerts") { (api, lock) throws(Problem) in
            try await api.lead(lock) { transaction in
                _ = try transaction.run(.auditAlerts(alertIDs: []))
                _ = try transaction.run(.auditReconciles(reconcileID: nil))
            } != nil
        },
        Job("seal_audit") { (api, lock) throws(Problem) in try await api.sealAudit(lock) },
        // Each server does this for itself.
        Job("anchor_audit") { (api, _) throws(Problem) in
            try await api.anchorAudit()
            return true
        },
        Job("remove_expired") { (api, lock) throws(Problem) in
            try await api.lead(lock, inPartsOf: 5_000) { transaction, limit in
                let keys = try transaction.run(.removeKeys(limit: limit))
                let events = try transaction.run(.removeEvents(limit: limit))
                return max(keys, events)
            }
        },
    ]
}

extension API {
    /// Runs the checks in `Job.checks` once.
    public func runScheduledChecks() async throws(Problem) { try await run(Job.checks) }

    /// The maximum number of instances that one statement checks.
    static let instancesAtOnce = 1_000

    /// Checks the whole fleet for lost instances, in parts.
    ///
    /// - Parameter part: Checks the instances after this id; returns nil if another server does this.
    /// - Returns: The number of lost instances and the new alerts; nil if another server does this.
    func checkFleet(
        _ part: (_ after: String) async throws(Problem) -> CheckHeartbeatsRow?
    ) async throws(Problem) -> (stale: Int, created: [String], checkedAt: Timestamp)? {
        guard var row = try await part("") else { return nil }
        var (stale, created) = (row.stale, row.created)
        while let last = row.last {
            guard let next = try await part(last) else { return nil }
            row = next
            // traps: the sum is at most the number of rows of a table.
            stale += row.stale
            created += row.created
        }
        return (stale, created, row.checkedAt)
    }

    /// Tries to notify people of new alerts immediately; then writes the alerts to the audit log, with the outcome.
    ///
    /// - Parameter limit: The time limit for writing a thousand alerts to the audit log.
    func notifyAndAudit(_ alerts: [String], within limit: Duration = .milliseconds(700)) async throws(Problem) {
        guard !alerts.isEmpty else { return }
        await deliverNotifications(within: Self.firstTry)
        for start in stride(from: 0, to: alerts.count, by: 1_000) {
            let part = Array(alerts[start..<min(start + 1_000, alerts.count)])
            _ = try await afterNotifying(within: limit) { () async throws(Problem) in
                try await run(.auditAlerts(alertIDs: part))
            }
        }
    }

    /// The time limit for the first delivery attempt within a request. Together with the database's part, a request takes at most 2.5
    /// seconds.
    static let firstTry = Duration.milliseconds(1_800)
}
