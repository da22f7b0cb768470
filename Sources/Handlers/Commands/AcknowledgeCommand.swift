public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func acknowledgeCommand(
        _ input: AcknowledgeCommand.Input
    ) async throws(Problem) -> AcknowledgeCommand.Output {
        let acknowledgement = input.body
        try await require(input.principal, actsFor: acknowledgement.instanceID)
        guard acknowledgement.commandID == input.commandID else {
            throw Problem(status: 400, code: .commandIDMismatch, detail: "command_id mismatch")
        }
        let limits = configuration.clientLimits
        if let evidence = acknowledgement.evidence, evidence.bytes.count > limits.evidenceBytes {
            let detail = "evidence has \(evidence.bytes.count) bytes; at most \(limits.evidenceBytes) are allowed"
            throw counted(Problem(.evidence, status: 413, detail))
        }
        let receipt: AcknowledgementReceipt?
        do throws(Problem) {
            receipt = try await transaction { transaction in
                try transaction.store(acknowledgement, most: limits.acknowledgementsPerCommand)
            }
        } catch {
            throw counted(error)
        }
        guard let receipt else {
            try await recordForeign(acknowledgement)
            throw Problem(
                status: 403,
                code: .commandOfAnotherInstance,
                detail: "the command does not belong to instance '\(acknowledgement.instanceID)'"
            )
        }
        return .accepted(receipt)
    }
}

extension API {
    /// Records in the audit log that an instance acknowledged another instance's command.
    private func recordForeign(_ acknowledgement: Acknowledgement) async throws(Problem) {
        let rejection = Rejection(
            actor: Actor.agent,
            action: .commandAck,
            targetType: .command,
            targetID: acknowledgement.commandID.text,
            code: .commandOfAnotherInstance
        )
        try await record(rejection, details: acknowledgement.auditDetails)
    }
}

extension Acknowledgement {
    /// The details for the audit log.
    fileprivate var auditDetails: JSONObject {
        JSONObject { json in
            json.member("ack_status", status)
            json.member("reason", reason)
            json.member("instance_id", instanceID)
        }
    }
}

extension Transaction {
    /// Stores an acknowledgement and updates its command. Returns nil if the command belongs to another instance.
    ///
    /// - Parameter most: The maximum number of stored acknowledgements that do not change the command.
    fileprivate borrowing func store(_ acknowledgement: Acknowledgement, most: Int) throws -> AcknowledgementReceipt? {
        guard let command = try run(.lockCommand(commandID: acknowledgement.commandID)) else {
            throw Problem.commandNotFound
        }
        guard command.instanceID.hasSameScalars(as: acknowledgement.instanceID) else { return nil }
        let status = command.status.after(acknowledgement.status)
        let outcome = command.outcome?.after(acknowledgement.status)
        // The outcome of a command must never be lost, so it is stored even beyond the limit.
        guard (status, outcome) != (command.status, command.outcome) || command.acknowledgements < most else {
            let detail =
                "the command has \(command.acknowledgements) acknowledgements, and this one would not change it"
            throw Problem(.acknowledgements, status: 409, detail)
        }
        if status != command.status {
            _ = try run(
                .setCommandStatus(
                    commandID: acknowledgement.commandID,
                    status: status,
                    actor: acknowledgement.instanceID
                )
            )
        }
        if let outcome, outcome != command.outcome {
            _ = try run(.setLateOutcome(commandID: acknowledgement.commandID, outcome: outcome))
        }
        let receipt = try insert(acknowledgement, leaving: status, outcome)
        try record(
            .commandAck,
            on: .command,
            acknowledgement.commandID.text,
            by: Actor.agent,
            details: acknowledgement.auditDetails
        )
        return receipt
    }

    private borrowing func insert(
        _ acknowledgement: Acknowledgement,
        leaving status: CommandStatus,
        _ outcome: CommandOutcome?
    ) throws -> AcknowledgementReceipt {
        let row = try run(
            .insertAcknowledgement(
                commandID: acknowledgement.commandID,
                instanceID: acknowledgement.instanceID,
                status: acknowledgement.status,
                reason: acknowledgement.reason,
                ts: acknowledgement.timestamp,
                commandStatus: status,
                commandOutcome: outcome,
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
            commandOutcome: outcome,
            receivedAt: row.receivedAt,
            evidence: acknowledgement.evidence
        )
    }
}

extension CommandStatus {
    /// The status after an acknowledgement: PENDING → ACCEPTED → COMPLETED or FAILED, and from PENDING also to a rejection. Finished,
    /// expired and canceled commands keep their status, and an accepted command cannot be rejected.
    fileprivate func after(_ acknowledgement: AcknowledgementStatus) -> CommandStatus {
        switch (self, acknowledgement) {
        case (.pending, .accepted): .accepted
        case (.pending, .completed), (.accepted, .completed): .completed
        case (.pending, .failed), (.accepted, .failed): .failed
        case (.pending, .rejectedExpired): .rejectedExpired
        case (.pending, .rejectedDuplicate): .rejectedDuplicate
        default: self
        }
    }
}

extension CommandOutcome {
    /// The outcome of an ended command after a late acknowledgement. The first COMPLETED or FAILED is kept. A rejection does not replace an
    /// indication that the command was executed.
    fileprivate func after(_ acknowledgement: AcknowledgementStatus) -> CommandOutcome {
        switch (self, acknowledgement) {
        case (.completedLate, _), (.failedLate, _): self
        case (_, .completed): .completedLate
        case (_, .failed): .failedLate
        case (.acceptedLate, _), (_, .accepted): .acceptedLate
        case (_, .rejectedExpired), (_, .rejectedDuplicate): .rejectedLate
        }
    }
}
