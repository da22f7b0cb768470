public import ContractRuntime
public import Generated

extension API {
    public func getCommand(_ input: GetCommand.Input) async throws(Problem) -> GetCommand.Output {
        let (row, acknowledgements) = try await run(
            .getCommand(commandID: input.commandID),
            .listAcknowledgements(commandID: input.commandID)
        )
        guard let row else { throw .commandNotFound }
        return .ok(
            CommandDetail(
                commandID: row.commandID,
                instanceID: row.instanceID,
                commandType: row.commandType,
                issuedAt: row.issuedAt,
                expiresAt: row.expiresAt,
                payload: row.payload,
                status: row.status,
                createdBy: row.createdBy,
                createdAt: row.createdAt,
                acknowledgements: acknowledgements.map { AcknowledgementReceipt($0, commandID: row.commandID) }
            )
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
            receivedAt: row.receivedAt
        )
    }
}
