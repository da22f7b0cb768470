public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func updateModuleRun(_ input: UpdateModuleRun.Input) async throws(Problem) -> UpdateModuleRun.Output {
        let update = input.body
        if let endedAt = update.endedAt { try await requireNotAhead(endedAt) }
        let change = RunChange(
            action: .moduleRunUpdate,
            runID: input.runID,
            actor: input.principal.name,
            status: update.status,
            endedAt: update.endedAt,
            summary: update.summary
        )
        return .ok(ModuleRun(try await self.change(change)))
    }
}

/// A requested change of a run's status.
struct RunChange: Sendable {
    let action: AuditAction
    let runID: UUID
    let actor: String
    let status: RunStatus
    var endedAt: Timestamp?
    var summary: String?
}

extension API {
    /// Changes a run's status, or rejects the change; both are audited.
    func change(_ change: RunChange) async throws(Problem) -> SetRunStatusRow {
        try await audited(change.action, on: .moduleRun, change.runID.text, by: change.actor) { transaction in
            try transaction.take(change)
        }
    }
}

extension Transaction {
    fileprivate borrowing func take(_ change: RunChange) throws -> SetRunStatusRow {
        guard let status = try run(.lockModuleRun(runID: change.runID)) else { throw Problem.moduleRunNotFound }
        guard status.mayBecome(change.status) else { throw Problem.refusedStep(from: status, to: change.status) }
        let row = try run(
            .setRunStatus(
                runID: change.runID,
                status: change.status,
                endedAt: change.endedAt,
                summary: change.summary
            )
        )
        // A cancellation needs no details.
        let details = JSONObject { json in
            if change.action == .moduleRunUpdate { json.member("status", change.status) }
        }
        try record(change.action, on: .moduleRun, change.runID.text, by: change.actor, details: details)
        return row
    }
}

extension Problem {
    fileprivate static func refusedStep(from status: RunStatus, to next: RunStatus) -> Problem {
        if status.isFinal {
            return Problem(status: 409, code: .moduleRunTerminal, detail: "module run already terminal")
        }
        let detail = "a run that is \(status.rawValue) cannot become \(next.rawValue)"
        return Problem(status: 409, code: .moduleRunTransition, detail: detail)
    }
}
