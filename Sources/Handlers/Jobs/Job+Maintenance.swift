public import ContractRuntime
import Postgres

extension Job {
    /// Keeps sums, rollups and partitions up to date.
    public static let maintenance = [
        Job("sum_up", lock: .maintenance) { (api, lock) throws(Problem) in
            try await api.lead(lock, within: limit) { try $0.run(.sumUp()) } != nil
        },
        Job("arrange_partitions", lock: .maintenance) { (api, lock) throws(Problem) in
            let days = api.configuration.metricDays
            let arrange = Query.arrangePartitions(
                sampleDays: days.samples,
                fineDays: days.fine,
                coarseDays: days.coarse,
                executionDays: api.configuration.executionDays
            )
            return try await api.lead(lock, within: limit) { try $0.run(arrange) } != nil
        },
        Job("arrange_audit", lock: .maintenance) { (api, lock) throws(Problem) in
            try await api.arrangeAudit(lock, within: limit)
        },
        Job("check_partitions", lock: .maintenance) { (api, lock) throws(Problem) in
            try await api.lead(lock, within: limit) { try $0.run(.checkPartitions()) } != nil
        },
        Job("retire_instances", lock: .maintenance) { (api, lock) throws(Problem) in
            guard let days = api.configuration.instanceRetireDays else { return true }
            return try await api.lead(lock, within: limit) { try $0.run(.retireSilentInstances(days: days)) }
                != nil
        },
        Job("gather_exposure", lock: .maintenance) { (api, lock) throws(Problem) in
            try await api.lead(lock, within: limit) { try $0.run(.gatherExposure(limit: 10_000, sharesKept: 16)) }
                != nil
        },
        Job("note_performance") { (api, lock) throws(Problem) in try await api.notePerformance(lock) },
        Job("roll_metrics", lock: .maintenance) { (api, lock) throws(Problem) in
            try await api.rollMetrics(lock, within: limit)
        },
        Job("remove_history", lock: .maintenance) { (api, lock) throws(Problem) in
            try await api.removeHistory(lock, within: limit)
        },
        Job("remove_instances", lock: .maintenance) { (api, lock) throws(Problem) in
            // Other jobs are waiting, so a large instance is removed in several passes.
            for _ in 0..<10 {
                guard let removed = try await api.lead(lock, within: limit, { try $0.run(.removeInstances()) })
                else { return false }
                if removed == 0 || Task.isCancelled { break }
            }
            return true
        },
    ]

    /// The time limit of a step: no request waits for it, and there is much to do after a long pause.
    private static let limit = Duration.seconds(120)
}

extension API {
    /// Rolls up samples. Each step has its own transaction, so that series are not locked while samples are read.
    ///
    /// - Returns: False if another server does this.
    fileprivate func rollMetrics(_ lock: Job.Lock, within limit: Duration) async throws(Problem) -> Bool {
        let closed = try await lead(lock, within: limit, inPartsOf: 1_000) {
            try $0.run(.touchClosedBuckets(limit: $1))
        }
        guard closed else { return false }
        let rolled = try await lead(lock, within: limit, inPartsOf: 1_000, atMost: 20) {
            try $0.run(.rollBuckets(limit: $1))
        }
        guard rolled else { return false }
        // Each part returns the number of remaining series.
        return try await lead(lock, within: limit, inPartsOf: 1, atMost: 20) { transaction, _ in
            try transaction.run(.rebookEquity(limit: 500))
        }
    }

    /// Notes the performance of the fleet, in parts.
    ///
    /// - Returns: False if another server does this.
    fileprivate func notePerformance(_ lock: Job.Lock) async throws(Problem) -> Bool {
        let books = configuration.books
        var after: String? = ""
        while let start = after, !Task.isCancelled {
            let part = Query.notePerformance(
                after: start,
                limit: 500,
                books: books.currency,
                rateSeconds: books.rateSeconds
            )
            guard let last = try await lead(lock, { try $0.run(part) }) else { return false }
            after = last
        }
        return true
    }

    /// Switches the audit log to a new month, and drops exported months that are older than `AUDIT_DAYS`.
    ///
    /// - Returns: False if another server does this.
    fileprivate func arrangeAudit(_ lock: Job.Lock, within limit: Duration) async throws(Problem) -> Bool {
        let arranged = try await lead(lock, within: limit, inPartsOf: 1, atMost: 20) { transaction, _ in
            try transaction.run(.arrangeAudit())
        }
        guard arranged, let days = configuration.auditDays, try await readPrimary(.ownsAudit()) else { return arranged }
        return try await dropAuditMonths(lock, olderThan: days, within: limit)
    }

    /// Drops exported months of the audit log that are older than these days. Only the owner of the log may do that.
    ///
    /// - Returns: False if another server does this.
    private func dropAuditMonths(_ lock: Job.Lock, olderThan days: Int, within limit: Duration) async throws(Problem)
        -> Bool
    {
        guard try await verifyOldMonth(lock, olderThan: days) else { return false }
        // Other jobs are waiting, so a large month is verified in several passes.
        return try await lead(lock, within: limit, inPartsOf: 1, atMost: 10) { transaction, _ in
            try transaction.run(.dropAuditMonth(days: days, limit: API.verifiedAtOnce))
        }
    }

    /// The operation of `flotilla-server drop-audit`.
    ///
    /// - Returns: The number of entries that were dropped.
    public func dropAudit(olderThan days: Int) async throws(Problem) -> Int {
        let before = try await readPrimary(.auditStart()).position
        var last = -1
        // Each pass does a limited amount of work. A pass without progress ends it: what is left is too new, not exported, or invalid.
        while true {
            _ = try await dropAuditMonths(.maintenance, olderThan: days, within: .seconds(120))
            let start = try await readPrimary(.auditStart()).position
            let verified = try await readPrimary(.auditMonthToVerify(days: days))?.after ?? start
            let progress = max(start, verified)
            if progress <= last { return start.subtractingSaturated(before) }
            last = progress
        }
    }

    /// Verifies a part of the oldest month that may be dropped, if its seals have keys.
    ///
    /// - Returns: False if another server does this.
    private func verifyOldMonth(_ lock: Job.Lock, olderThan days: Int) async throws(Problem) -> Bool {
        for _ in 0..<10 {
            guard let part = try await readPrimary(.auditMonthToVerify(days: days)) else { return true }
            let start = try await readPrimary(.auditStart())
            let seal = try await readPrimary(.sealsAt(positions: ["\(part.after)"])).first
            let before =
                part.after == start.position
                ? Seal(position: start.position, hash: start.head, key: start.key)
                : Seal(position: part.after, hash: seal?.hash ?? "", key: seal?.key)
            let verified = try await verifyAudit(after: before, to: part.last, within: .seconds(2))
            let note: Query<Bool>
            if let fault = verified.fault {
                let entry = fault.ordinal.map { "entry \($0)" } ?? "position \(fault.position ?? 0)"
                note = .refuseAuditMonth(month: part.month, fault: "\(entry): \(fault.reason)")
            } else if verified.position > part.after {
                note = .noteAuditVerified(month: part.month, position: verified.position)
            } else {
                note = .refuseAuditMonth(month: part.month, fault: "seals are missing at its end")
            }
            guard try await lead(lock, { _ = try $0.run(note) }) != nil else { return false }
            if verified.fault != nil || verified.position == part.after { return true }
        }
        return true
    }

    /// Removes data whose retention period has ended.
    ///
    /// - Returns: False if another server does this.
    fileprivate func removeHistory(_ lock: Job.Lock, within limit: Duration) async throws(Problem) -> Bool {
        let days = configuration.historyDays
        let steps: [@Sendable (Int) -> Query<Int>] = [
            { .removeReconcileResults(days: days.reconcileResults, limit: $0) },
            { .removeBookFindings(days: days.reconcileResults, limit: $0) },
            { .removeNotifications(days: days.notifications, limit: $0) },
            { .removeAlerts(days: days.alerts, limit: $0) },
            { .removeModuleRuns(days: days.moduleRuns, limit: $0) },
            { .removeCommands(days: days.commands, limit: $0) },
            { .removeDeployments(days: days.commands, limit: $0) },
            { .removeOrders(days: days.trades, limit: $0) },
            { .removeTrades(days: days.trades, limit: $0) },
            { .removeFills(days: days.trades, limit: $0) },
        ]
        for step in steps {
            let isLeader = try await lead(lock, within: limit, inPartsOf: 5_000, atMost: 4) { try $0.run(step($1)) }
            guard isLeader else { return false }
        }
        return true
    }

    /// Runs the maintenance in `Job.maintenance` once.
    public func maintain() async throws(Problem) { try await run(Job.maintenance) }
}
