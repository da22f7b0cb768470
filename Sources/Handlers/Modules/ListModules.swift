public import ContractRuntime
public import Generated

extension API {
    public func listModules(_ input: ListModules.Input) async throws(Problem) -> ListModules.Output {
        let page = Page(number: input.page, size: input.pageSize)
        let (rows, total) = try await run(
            .listModules(enabled: input.enabled, limit: page.size, offset: page.offset),
            .countModules(enabled: input.enabled)
        )
        return .ok(ModulePage(page: page.number, pageSize: page.size, total: total, items: rows.map { Module($0) }))
    }
}
