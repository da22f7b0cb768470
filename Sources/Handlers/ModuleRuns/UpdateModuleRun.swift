public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func updateModuleRun(_ input: UpdateModuleRun.Input) async throws(Problem) -> UpdateModuleRun.Output {
        let update = input.body
        if update.endedAt != nil, !update.status.isFinal {
            throw Problem(status: 400, code: "RUN_NOT_ENDED", detail: "ended_at needs a final status")
        }
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

/// A step that somebody wants a run to take.
struct RunChange: Sendable {
    let action: AuditAction
    let runID: UUID
    let actor: String
    let status: RunStatus
    var endedAt: Timestamp?
    var summary: String?
}

extension API {
    /// Takes a run's step, or refuses it; the audit log has either.
    func change(_ change: RunChange) async throws(Problem) -> SetRunStatusRow {
        let result = try await transaction { transaction in try transaction.take(change) }
        switch result {
        case .success(let row): return row
        case .failure(let problem): throw problem
        }
    }
}

extension Transaction {
    fileprivate borrowing func take(_ change: RunChange) throws -> Result<SetRunStatusRow, Problem> {
        guard let status = try run(.lockModuleRun(runID: change.runID)) else { throw Problem.moduleRunNotFound }
        guard status.mayBecome(change.status) else {
            try audit(change, .rejected, from: status)
            return .failure(.refusedStep(from: status, to: change.status))
        }
        let row = try run(
            .setRunStatus(
                runID: change.runID,
                status: change.status,
                endedAt: change.endedAt,
                summary: change.summary
            )
        )
        try audit(change, .success, from: nil)
        return .success(row)
    }

    /// A cancellation says nothing more than its name; a refusal says what the run was.
    private borrowing func audit(_ change: RunChange, _ result: AuditResult, from status: RunStatus?) throws {
        let details = JSONObject { json in
            if change.action == .moduleRunUpdate { json.member("status", change.status) }
            if let status { json.member("current_status", status) }
        }
        try record(change.action, on: .moduleRun, change.runID.text, by: change.actor, result: result, details: details)
    }
}

extension Problem {
    fileprivate static func refusedStep(from status: RunStatus, to next: RunStatus) -> Problem {
        if status.isFinal {
            return Problem(status: 409, code: "MODULE_RUN_TERMINAL", detail: "module run already terminal")
        }
        let detail = "a run that is \(status.rawValue) cannot become \(next.rawValue)"
        return Problem(status: 409, code: "MODULE_RUN_TRANSITION", detail: detail)
    }
}
