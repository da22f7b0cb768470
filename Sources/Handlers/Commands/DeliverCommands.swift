import ContractRuntime
import Generated
import Postgres

extension API {
    /// The commands that an instance may execute now, counted as delivered.
    ///
    /// Where approval is required, each command is judged again: the instance may have become LIVE since it was created, and a command
    /// that was stored by other means or edited has no valid approval.
    func deliverCommands(to instanceID: String) async throws(Problem) -> [Command] {
        let rows = try await deliverableCommands(to: instanceID)
        if rows.isEmpty { return [] }
        let found = try await run(.signaturesOf(commandIDs: rows.map(\.commandID.text)))
        let signatures = Dictionary(grouping: found, by: \.commandID)
        return rows.map { row in
            var command = Command(row)
            let ofCommand = signatures[row.commandID, default: []].compactMap { CommandSignature($0, of: row) }
            if !ofCommand.isEmpty { command.signatures = ofCommand }
            return command
        }
    }

    private func deliverableCommands(to instanceID: String) async throws(Problem) -> [CommandRow] {
        let approval = configuration.approval
        guard approval.needed > 0 else {
            return try await run(.deliverCommands(instanceID: instanceID, commandIDs: nil))
        }
        // Most polls find no command, and take only this statement.
        if try await run(.instancesWithCommands(instanceIDs: [instanceID])).isEmpty { return [] }
        let keys = configuration.signing
        return try await transaction { try $0.deliverApproved(to: instanceID, approval, keys) }
    }
}

extension Transaction {
    fileprivate borrowing func deliverApproved(
        to instanceID: String,
        _ approval: ApprovalPolicy,
        _ keys: ServerKeys?
    ) throws -> [CommandRow] {
        let commands = try run(.lockPendingCommands(instanceID: instanceID))
        let mode = try modeEvidence(of: [instanceID]).first?.mode
        var delivered: [String] = []
        for command in commands {
            let effect = CommandEffect(type: command.commandType, payload: command.payload)
            if effect.isHighRisk(on: mode), command.approvals < approval.needed {
                try hold(command, of: instanceID, approval)
                try withdrawSignature(of: command.commandID, keys)
            } else {
                delivered.append(command.commandID.text)
            }
        }
        if delivered.isEmpty { return [] }
        return try run(.deliverCommands(instanceID: instanceID, commandIDs: delivered))
    }

    /// Makes a command wait for approval instead of delivering it.
    private borrowing func hold(
        _ command: LockPendingCommandsRow,
        of instanceID: String,
        _ approval: ApprovalPolicy
    ) throws {
        _ = try run(.holdCommand(commandID: command.commandID, actor: Actor.scheduler))
        let details = JSONObject { json in
            json.member("reason", "the command is high-risk on this instance now")
            json.member("type", command.commandType)
            json.member("instance_id", instanceID)
            json.member("approvals", command.approvals)
            json.member("approvals_needed", approval.needed)
        }
        try record(
            .commandHold,
            on: .command,
            command.commandID.text,
            by: Actor.scheduler,
            result: .rejected,
            details: details
        )
    }
}
