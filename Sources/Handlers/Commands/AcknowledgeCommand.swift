public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func acknowledgeCommand(
        _ input: AcknowledgeCommand.Input
    ) async throws(Problem) -> AcknowledgeCommand.Output {
        let acknowledgement = input.body
        try input.principal.requireSubject(acknowledgement.instanceID)
        guard acknowledgement.commandID == input.commandID else {
            throw Problem(status: 400, code: "COMMAND_ID_MISMATCH", detail: "command_id mismatch")
        }
        let receipt = try await transaction { transaction in try transaction.store(acknowledgement) }
        guard let receipt else {
            throw Problem(
                status: 403,
                code: "COMMAND_OF_ANOTHER_INSTANCE",
                detail: "the command was not given to instance '\(acknowledgement.instanceID)'"
            )
        }
        return .accepted(receipt)
    }
}

extension Transaction {
    /// Stores an acknowledgement and moves its command on; nil when the command is another instance's, which is only audited.
    fileprivate borrowing func store(_ acknowledgement: Acknowledgement) throws -> AcknowledgementReceipt? {
        guard let command = try run(.lockCommand(commandID: acknowledgement.commandID)) else {
            throw Problem.commandNotFound
        }
        guard command.instanceID == acknowledgement.instanceID else {
            try audit(acknowledgement, .rejected)
            return nil
        }
        let status = command.status.after(acknowledgement.status)
        if status != command.status {
            _ = try run(
                .setCommandStatus(
                    commandID: acknowledgement.commandID,
                    status: status,
                    actor: acknowledgement.instanceID
                )
            )
        }
        let receipt = try insert(acknowledgement, leaving: status)
        try audit(acknowledgement, .success)
        return receipt
    }

    private borrowing func insert(
        _ acknowledgement: Acknowledgement,
        leaving status: CommandStatus
    ) throws -> AcknowledgementReceipt {
        let row = try run(
            .insertAcknowledgement(
                commandID: acknowledgement.commandID,
                instanceID: acknowledgement.instanceID,
                status: acknowledgement.status,
                reason: acknowledgement.reason,
                ts: acknowledgement.timestamp,
                commandStatus: status,
                evidence: acknowledgement.evidence
            )
        )
        return AcknowledgementReceipt(
            ackID: row.ackID,
            commandID: acknowledgement.commandID,
            instanceID: acknowledgement.instanceID,
            status: acknowledgement.status,
            reason: acknowledgement.reason,
            timestamp: acknowledgement.timestamp,
            commandStatus: status,
            receivedAt: row.receivedAt,
            evidence: acknowledgement.evidence
        )
    }

    private borrowing func audit(_ acknowledgement: Acknowledgement, _ result: AuditResult) throws {
        let details = JSONObject { json in
            json.member("ack_status", acknowledgement.status)
            json.member("reason", acknowledgement.reason)
            json.member("instance_id", acknowledgement.instanceID)
        }
        try record(
            .commandAck,
            on: .command,
            acknowledgement.commandID.text,
            by: Actor.agent,
            result: result,
            details: details
        )
    }
}
