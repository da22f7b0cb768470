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
        if let days = configuration.instanceRetireDays {
            _ = try await lead { _ = try $0.run(.retireSilentInstances(days: days)) }
        }
        try await lead(while: { $0 == Self.seriesAtOnce }) { try $0.run(.rollMetrics()) }
        // The checks wait for this, so a large instance is removed over several calls.
        var parts = 0
        try await lead(while: { removed in
            parts += 1
            return removed > 0 && parts < Self.partsAtOnce
        }) { try $0.run(.removeInstances()) }
    }

    /// Runs a step that does a part of its work, again and again while its number says that there may be more.
    private func lead(
        while hasMore: (Int) -> Bool,
        _ body: @escaping @Sendable (borrowing Transaction) throws -> Int
    ) async throws {
        var done: Int
        repeat {
            done = try await transaction(within: Self.patience) { transaction in
                try transaction.run(.lead()) ? body(transaction) : 0
            }
        } while hasMore(done) && !Task.isCancelled
    }

    /// How many parts of deleted instances one call removes.
    private static let partsAtOnce = 10

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
