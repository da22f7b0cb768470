public import ContractRuntime
public import Generated

extension API {
    public func listModuleRuns(_ input: ListModuleRuns.Input) async throws(Problem) -> ListModuleRuns.Output {
        let page = Page(number: input.page, size: input.pageSize)
        let (rows, total) = try await run(
            .listModuleRuns(moduleID: input.moduleID, status: input.status, limit: page.size, offset: page.offset),
            .countModuleRuns(moduleID: input.moduleID, status: input.status)
        )
        return .ok(
            ModuleRunPage(page: page.number, pageSize: page.size, total: total, items: rows.map { ModuleRun($0) })
        )
    }
}
