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
        Job("check_partitions", lock: .maintenance) { (api, lock) throws(Problem) in
            try await api.lead(lock, within: limit) { try $0.run(.checkPartitions()) } != nil
        },
        Job("retire_instances", lock: .maintenance) { (api, lock) throws(Problem) in
            guard let days = api.configuration.instanceRetireDays else { return true }
            return try await api.lead(lock, within: limit) { try $0.run(.retireSilentInstances(days: days)) }
                != nil
        },
        Job("roll_metrics", lock: .maintenance) { (api, lock) throws(Problem) in
            try await api.lead(lock, within: limit, inPartsOf: 500) { transaction, _ in
                try transaction.run(.rollMetrics())
            }
        },
        Job("remove_instances", lock: .maintenance) { (api, lock) throws(Problem) in
            // The other jobs wait, so a large instance is removed over several passes.
            for _ in 0..<10 {
                guard let removed = try await api.lead(lock, within: limit, { try $0.run(.removeInstances()) })
                else { return false }
                if removed == 0 || Task.isCancelled { break }
            }
            return true
        },
    ]

    /// How long a part may take: no request waits for it, and after a long pause there is much to do.
    private static let limit = Duration.seconds(120)
}

extension API {
    /// Keeps sums, rollups and partitions up to date, once (`Job.maintenance`).
    public func maintain() async throws(Problem) { try await run(Job.maintenance) }
}
