public import ContractRuntime
public import Generated

extension API {
    public func listCommands(_ input: ListCommands.Input) async throws(Problem) -> ListCommands.Output {
        let page = Page(number: input.page, size: input.pageSize)
        let (rows, total) = try await run(
            .listCommands(
                instanceID: input.instanceID,
                status: input.status,
                limit: page.size,
                offset: page.offset
            ),
            .countCommands(instanceID: input.instanceID, status: input.status)
        )
        return .ok(CommandPage(page: page.number, pageSize: page.size, total: total, items: rows.map { Command($0) }))
    }
}
