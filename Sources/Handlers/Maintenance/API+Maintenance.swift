import ContractRuntime
import Postgres

extension API {
    /// Keeps sums, rollups and partitions up to date, as the server does by itself; only one of all servers on a database does at a time.
    ///
    /// Each step commits by itself, so that no lock is held for long.
    ///
    /// - Throws: Whatever keeps the database from answering. The next call does what this one could not.
    public func maintain() async throws {
        guard try await lead({ _ = try $0.run(.sumUp()) }) else { return }
        let days = configuration.metricDays
        let arrange = Query.arrangePartitions(
            sampleDays: days.samples,
            fineDays: days.fine,
            coarseDays: days.coarse,
            executionDays: configuration.executionDays
        )
        _ = try await lead { _ = try $0.run(arrange) }
        _ = try await lead { _ = try $0.run(.checkPartitions()) }
        var rolled = Self.seriesAtOnce
        while rolled == Self.seriesAtOnce, !Task.isCancelled {
            rolled = try await transaction(within: Self.patience) { transaction in
                try transaction.run(.lead()) ? transaction.run(.rollMetrics()) : 0
            }
        }
    }

    /// How long a step may take: nobody waits for it, and after a long pause there is much to do.
    private static let patience = Duration.seconds(120)

    /// How many series `roll_metrics` takes.
    private static let seriesAtOnce = 500

    /// Runs a transaction unless another server does so; false then.
    private func lead(_ body: @escaping @Sendable (borrowing Transaction) throws -> Void) async throws -> Bool {
        try await transaction(within: Self.patience) { transaction in
            guard try transaction.run(.lead()) else { return false }
            try body(transaction)
            return true
        }
    }
}
