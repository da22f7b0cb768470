public import ContractRuntime
public import Generated

extension API {
    public func listTokens(_ input: ListTokens.Input) async throws(Problem) -> ListTokens.Output {
        let page = Page(number: input.page, size: input.pageSize)
        let (rows, total) = try await run(
            .listTokens(instanceID: input.instanceID, limit: page.size, offset: page.offset),
            .countTokens(instanceID: input.instanceID)
        )
        return .ok(
            AccessTokenPage(page: page.number, pageSize: page.size, total: total, items: rows.map { AccessToken($0) })
        )
    }
}
