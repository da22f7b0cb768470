public import ContractRuntime
public import Generated

extension API {
    public func listPendingCommands(
        _ input: ListPendingCommands.Input
    ) async throws(Problem) -> ListPendingCommands.Output {
        try input.principal.requireSubject(input.instanceID)
        let rows = try await run(.listPendingCommands(instanceID: input.instanceID))
        return .ok(rows.map { Command($0) })
    }
}
