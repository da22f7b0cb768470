import CommandSigning
public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func approveCommand(_ input: ApproveCommand.Input) async throws(Problem) -> ApproveCommand.Output {
        let decision = Decision(id: input.commandID, reason: input.body.reason, actor: input.principal.name)
        let (needed, keys) = (configuration.approval.needed, configuration.signing)
        let row = try await audited(.commandApprove, on: .command, decision.id.text, by: decision.actor) {
            transaction in
            try transaction.approve(decision, needed: needed, keys)
        }
        return .ok(Command(row))
    }

    public func denyCommand(_ input: DenyCommand.Input) async throws(Problem) -> DenyCommand.Output {
        let decision = Decision(id: input.commandID, reason: input.body.reason, actor: input.principal.name)
        let row = try await audited(.commandDeny, on: .command, decision.id.text, by: decision.actor) { transaction in
            try transaction.deny(decision)
        }
        return .ok(Command(row))
    }
}

/// Another person's decision on a command.
private struct Decision {
    let id: UUID
    let reason: String?
    let actor: String
}

extension Transaction {
    fileprivate borrowing func deny(_ decision: Decision) throws -> CommandRow {
        let command = try commandOfAnother(decision)
        let row = try decide(on: command, .denied, by: decision.actor)
        let details = JSONObject { json in json.member("reason", decision.reason) }
        try record(.commandDeny, on: .command, decision.id.text, by: decision.actor, details: details)
        return row
    }

    /// Stores an approval. The last one that is needed makes the command pending.
    fileprivate borrowing func approve(_ decision: Decision, needed: Int, _ keys: ServerKeys?) throws -> CommandRow {
        var command = try commandOfAnother(decision)
        let approver = try holders(of: decision.actor, at: nil)
        try require(approver, isIndependentOf: holders(of: command.createdBy, at: command.createdAt), "requested")
        // Approvals of one command wait for each other here.
        _ = try run(.holdInstances(instanceIDs: [command.instanceID]))
        command = try run(.getCommand(commandID: decision.id)) ?? command
        if command.status == .awaitingApproval { try requireAccepted(command, keys) }
        let others = try run(.listApprovals(commandID: decision.id)).filter { approval in
            !approval.approver.hasSameScalars(as: decision.actor)
                && keys?.haveSealed(approval, of: command) ?? true
        }
        let given = others.count + 1
        let digest = try run(
            .insertApproval(
                commandID: decision.id,
                approver: decision.actor,
                keyID: keys?.current.id,
                seal: keys?.seal(of: command, approvedBy: decision.actor)
            )
        )
        if digest == nil {
            try requireWaiting(decision.id)
            // If fewer approvals are needed than before, a repeated one may suffice.
            if given < needed { throw Problem.approvedAlready(missing: needed - given) }
        }
        for approval in others {
            let other = try holders(of: approval.approver, at: approval.approvedAt)
            try require(approver, isIndependentOf: other, "approved")
        }
        let details = JSONObject { json in
            json.member("reason", decision.reason)
            json.member("digest", digest)
            json.member("approvals", given)
            json.member("approvals_needed", needed)
        }
        try record(.commandApprove, on: .command, decision.id.text, by: decision.actor, details: details)
        if given >= needed {
            let approved = try decide(on: command, .pending, by: decision.actor)
            // The row is locked now. It must still be the one that its author sent and all approvers saw.
            try requireAccepted(approved, keys)
            try sign([SignableCommand(approved)], with: keys)
            return approved
        }
        _ = try run(.noteApproval(commandID: decision.id, actor: decision.actor))
        return command
    }

    /// The command, unless the actor requested it.
    private borrowing func commandOfAnother(_ decision: Decision) throws -> CommandRow {
        guard let command = try run(.getCommand(commandID: decision.id)) else { throw Problem.commandNotFound }
        // traps: a name that only looks like the author's must not decide either.
        if command.createdBy == decision.actor {
            throw Problem.secondPersonNeeded("you cannot approve or deny your own command")
        }
        return command
    }

    private borrowing func decide(on command: CommandRow, _ status: CommandStatus, by actor: String) throws
        -> CommandRow
    {
        _ = try run(.holdInstances(instanceIDs: [command.instanceID]))
        let row = try run(.decideCommand(commandID: command.commandID, status: status, actor: actor))
        guard let row else {
            try requireWaiting(command.commandID)
            throw Problem.commandNotWaiting("expired")
        }
        return row
    }

    /// Rejects a decision on a command that does not wait for one.
    private borrowing func requireWaiting(_ id: UUID) throws {
        guard let command = try run(.getCommand(commandID: id)) else { throw Problem.commandNotFound }
        guard command.status == .awaitingApproval else { throw Problem.commandNotWaiting(command.status.rawValue) }
        if try command.expiresAt <= run(.databaseTime()) { throw Problem.commandNotWaiting("expired") }
    }

    private borrowing func holders(of name: String, at time: Timestamp?) throws -> TokenHolders {
        TokenHolders(owner: name, names: try run(.tokenIssuers(principal: name, at: time)))
    }

    private borrowing func require(
        _ approver: TokenHolders,
        isIndependentOf other: TokenHolders,
        _ action: String
    ) throws {
        guard let person = approver.person(sharedWith: other) else { return }
        let detail =
            "'\(person)' owns or issued your token and that of '\(other.owner)', who \(action) the command: "
            + "a person with an independent token must approve it"
        throw Problem.secondPersonNeeded(detail)
    }
}

extension ServerKeys {
    /// The signature of an approval.
    fileprivate func seal(of command: CommandRow, approvedBy approver: String) -> String? {
        CommandStatement(command).signature(by: current, for: .approval(by: approver))
    }

    /// Whether a server with one of the keys stored an approval of the command as it is now.
    fileprivate func haveSealed(_ approval: ListApprovalsRow, of command: CommandRow) -> Bool {
        guard let keyID = approval.keyID, let seal = approval.seal else { return false }
        return haveSigned(CommandStatement(command), seal, by: keyID, for: .approval(by: approval.approver))
    }
}

extension Problem {
    fileprivate static func secondPersonNeeded(_ detail: String) -> Problem {
        Problem(status: 403, code: .secondPersonNeeded, detail: detail)
    }

    fileprivate static func approvedAlready(missing: Int) -> Problem {
        let people = missing == 1 ? "1 more person" : "\(missing) more people"
        return secondPersonNeeded("you have already approved this command; \(people) must approve it")
    }

    fileprivate static func commandNotWaiting(_ status: String) -> Problem {
        Problem(status: 409, code: .commandNotWaiting, detail: "the command is \(status), expected AWAITING_APPROVAL")
    }
}
