public import ContractRuntime
public import Generated

extension API {
    public func listPendingCommands(
        _ input: ListPendingCommands.Input
    ) async throws(Problem) -> ListPendingCommands.Output {
        let rows = try await run(.listPendingCommands(instanceID: input.instanceID))
        return .ok(rows.map { Command($0, instanceID: input.instanceID) })
    }
}

extension Command {
    fileprivate init(_ row: ListPendingCommandsRow, instanceID: String) {
        self.init(
            commandID: row.commandID,
            instanceID: instanceID,
            commandType: row.commandType,
            issuedAt: row.issuedAt,
            expiresAt: row.expiresAt,
            payload: row.payload,
            status: .pending,
            createdBy: row.createdBy,
            createdAt: row.createdAt
        )
    }
}
