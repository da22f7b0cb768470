public import ContractRuntime
public import Generated
import Postgres

extension API {
    /// The maximum number of rows of each kind that one request repairs.
    private static var repairLimit: Int { 1_000 }

    public func repairTimestamps(_ input: RepairTimestamps.Input) async throws(Problem) -> RepairTimestamps.Output {
        let (request, actor, limit) = (input.body, input.principal.name, Self.repairLimit)
        if let id = request.instanceID, try await !run(.isInstance(instanceID: id)) { throw .instanceNotFound }
        let seconds = configuration.clientLimits.clockAheadSeconds
        let found = try await run(.countAhead(instanceID: request.instanceID, aheadSeconds: seconds))
        var repair = TimestampRepair(found, aheadSeconds: seconds, isDryRun: request.dryRun)
        if !request.dryRun {
            repair = try await transaction { [repair] transaction in
                let done = try transaction.repair(repair, of: request.instanceID, limit: limit)
                try transaction.record(done, request, by: actor)
                return done
            }
        }
        return .ok(repair)
    }
}

extension Transaction {
    /// Repairs a limited number of rows, and returns the number of rows of each kind.
    fileprivate borrowing func repair(
        _ found: TimestampRepair,
        of id: String?,
        limit: Int
    ) throws(PostgresError) -> TimestampRepair {
        let seconds = found.aheadSeconds
        var done = found
        done.positions = try run(.repairPositions(instanceID: id, aheadSeconds: seconds, limit: limit))
        done.metricSamples = try run(.removeSamplesAhead(instanceID: id, aheadSeconds: seconds, limit: limit))
        done.metricSeries = try run(.repairLatest(instanceID: id, aheadSeconds: seconds, limit: limit))
        _ = try run(.holdCostSums())
        done.costs = try run(.repairCosts(instanceID: id, aheadSeconds: seconds, limit: limit))
        _ = try run(.repairCostSums(instanceID: id, aheadSeconds: seconds, limit: limit))
        done.executionSamples = try run(.repairExecutionSamples(instanceID: id, aheadSeconds: seconds, limit: limit))
        done.comparisons = try run(.repairComparisons(instanceID: id, aheadSeconds: seconds, limit: limit))
        done.fxRates = try run(.repairFxRates(instanceID: id, aheadSeconds: seconds))
        return done
    }

    fileprivate borrowing func record(
        _ done: TimestampRepair,
        _ request: TimestampRepairRequest,
        by actor: String
    ) throws(PostgresError) {
        let details = JSONObject { json in
            json.member("reason", request.reason)
            json.member("repaired", done)
        }
        try record(
            .timestampsRepair,
            on: request.instanceID == nil ? .operation : .instance,
            request.instanceID ?? "repairTimestamps",
            by: actor,
            details: details
        )
    }
}

extension TimestampRepair {
    fileprivate init(_ found: CountAheadRow, aheadSeconds: Int, isDryRun: Bool) {
        self.init(
            serverTime: found.now,
            aheadSeconds: aheadSeconds,
            dryRun: isDryRun,
            positions: found.positions,
            metricSamples: found.metricSamples,
            metricSeries: found.metricSeries,
            costs: found.costs,
            executionSamples: found.executionSamples,
            comparisons: found.comparisons,
            fxRates: found.fxRates
        )
    }
}
