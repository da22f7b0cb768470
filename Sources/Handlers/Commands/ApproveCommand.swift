public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func approveCommand(_ input: ApproveCommand.Input) async throws(Problem) -> ApproveCommand.Output {
        let decision = Decision(
            id: input.commandID,
            status: .pending,
            action: .commandApprove,
            reason: input.body.reason,
            actor: input.principal.name
        )
        return .ok(try await decide(decision))
    }

    public func denyCommand(_ input: DenyCommand.Input) async throws(Problem) -> DenyCommand.Output {
        let decision = Decision(
            id: input.commandID,
            status: .denied,
            action: .commandDeny,
            reason: input.body.reason,
            actor: input.principal.name
        )
        return .ok(try await decide(decision))
    }

    private func decide(_ decision: Decision) async throws(Problem) -> Command {
        let row = try await audited(decision.action, on: .command, decision.id.text, by: decision.actor) {
            transaction in
            try transaction.decide(decision)
        }
        return Command(row)
    }
}

/// A second person's decision on a command.
private struct Decision {
    let id: UUID
    let status: CommandStatus
    let action: AuditAction
    let reason: String?
    let actor: String
}

extension Transaction {
    fileprivate borrowing func decide(_ decision: Decision) throws -> DecideCommandRow {
        guard let command = try run(.getCommand(commandID: decision.id)) else { throw Problem.commandNotFound }
        // traps: a name that only looks like the author's must not decide either.
        if command.createdBy == decision.actor {
            let detail = "you cannot approve or deny your own command"
            throw Problem(status: 403, code: .secondPersonNeeded, detail: detail)
        }
        _ = try run(.holdInstances(instanceIDs: [command.instanceID]))
        let row = try run(
            .decideCommand(commandID: decision.id, status: decision.status, actor: decision.actor)
        )
        guard let row else {
            let status = command.status == .awaitingApproval ? "expired" : command.status.rawValue
            let detail = "the command is \(status), expected AWAITING_APPROVAL"
            throw Problem(status: 409, code: .commandNotWaiting, detail: detail)
        }
        let details = JSONObject { json in json.member("reason", decision.reason) }
        try record(decision.action, on: .command, decision.id.text, by: decision.actor, details: details)
        return row
    }
}
