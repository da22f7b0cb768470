public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func getCommand(_ input: GetCommand.Input) async throws(Problem) -> GetCommand.Output {
        let detail = try await snapshot { snapshot in
            guard let row = try snapshot.run(.getCommand(commandID: input.commandID)) else {
                throw Problem.commandNotFound
            }
            return CommandDetail(
                row,
                try snapshot.run(.listAcknowledgements(commandID: input.commandID)),
                try snapshot.run(.listCommandEvents(commandID: input.commandID))
            )
        }
        return .ok(detail)
    }
}

extension CommandDetail {
    fileprivate init(_ row: CommandRow, _ receipts: [ListAcknowledgementsRow], _ events: [ListCommandEventsRow]) {
        self.init(
            commandID: row.commandID,
            instanceID: row.instanceID,
            commandType: row.commandType,
            issuedAt: row.issuedAt,
            expiresAt: row.expiresAt,
            payload: row.payload,
            status: row.status,
            outcome: row.outcome,
            createdBy: row.createdBy,
            createdAt: row.createdAt,
            reason: row.reason,
            supersedes: row.supersedes,
            supersededOutcome: row.supersededOutcome,
            firstDeliveredAt: row.firstDeliveredAt,
            deliveryCount: row.deliveryCount,
            acknowledgements: receipts.map { AcknowledgementReceipt($0, commandID: row.commandID) },
            timeline: events.map { CommandEvent(event: $0.event, actor: $0.actor, at: $0.at) }
        )
    }
}

extension AcknowledgementReceipt {
    fileprivate init(_ row: ListAcknowledgementsRow, commandID: UUID) {
        self.init(
            ackID: row.ackID,
            commandID: commandID,
            instanceID: row.instanceID,
            status: row.status,
            reason: row.reason,
            timestamp: row.ts,
            commandStatus: row.commandStatus,
            commandOutcome: row.commandOutcome,
            receivedAt: row.receivedAt,
            evidence: row.evidence
        )
    }
}
