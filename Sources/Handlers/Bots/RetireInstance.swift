public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func retireInstance(_ input: RetireInstance.Input) async throws(Problem) -> RetireInstance.Output {
        let (id, request, actor) = (input.instanceID, input.body, input.principal.name)
        let stale = configuration.heartbeatStaleSeconds
        let row = try await audited(.instanceRetire, on: .instance, id, by: actor) { transaction in
            try transaction.retire(id, request, by: actor, staleSeconds: stale)
        }
        return .ok(RetiredInstance(row))
    }
}

extension Transaction {
    /// Retires an instance. A retired instance stays unchanged.
    fileprivate borrowing func retire(
        _ id: String,
        _ request: InstanceRetirement,
        by actor: String,
        staleSeconds: Int
    ) throws -> ListRetiredInstancesRow {
        guard let instance = try run(.lockInstance(instanceID: id)) else { throw Problem.instanceNotFound }
        if instance.retiredAt == nil {
            let work = try run(.instanceAtWork(instanceID: id, staleSeconds: staleSeconds))
            if let work, work.isReporting { throw Problem.reporting(id) }
            if let work, work.positions > 0, !request.abandonPositions { throw Problem.holding(id, work.positions) }
            _ = try run(.retireInstance(instanceID: id, actor: actor, reason: request.reason))
            let details = JSONObject { json in
                json.member("bot_id", instance.botID)
                json.member("reason", request.reason)
                json.member("last_received_at", work?.lastReceivedAt)
                json.member("positions", work?.positions ?? 0)
            }
            try record(.instanceRetire, on: .instance, id, by: actor, details: details)
        }
        return try retiredInstance(id)
    }

    /// Reads a retired instance.
    borrowing func retiredInstance(_ id: String) throws -> ListRetiredInstancesRow {
        let rows = try run(
            .listRetiredInstances(instanceID: id, q: nil, afterTime: nil, afterID: nil, limit: 1, offset: 0)
        )
        guard let row = rows.first else { throw Problem.instanceNotFound }
        return row
    }
}

extension Problem {
    fileprivate static func reporting(_ id: String) -> Problem {
        let detail =
            "instance '\(id)' is reporting; stop its process, wait until it is STOPPED or LOST, then retire it"
        return Problem(status: 409, code: .instanceReporting, detail: detail)
    }

    fileprivate static func holding(_ id: String, _ positions: Int) -> Problem {
        let detail = """
            instance '\(id)' holds positions in \(positions) symbols according to its reports; close them first, or retire it with \
            abandon_positions
            """
        return Problem(status: 409, code: .instanceHoldsPositions, detail: detail)
    }
}
