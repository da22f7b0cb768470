public import ContractRuntime
public import Generated

extension API {
    public func listModules(_ input: ListModules.Input) async throws(Problem) -> ListModules.Output {
        let page = Page(number: input.page, size: input.pageSize)
        let (rows, total) = try await run(
            .listModules(enabled: input.enabled, limit: page.size, offset: page.offset),
            .countModules(enabled: input.enabled)
        )
        return .ok(ModulePage(page: page.number, pageSize: page.size, total: total, items: rows.map(Module.init)))
    }
}

extension Module {
    fileprivate init(_ row: ListModulesRow) {
        self.init(
            moduleID: row.moduleID,
            name: row.name,
            description: row.description,
            enabled: row.enabled,
            executionMode: row.executionMode,
            scheduleCron: row.scheduleCron,
            config: row.config,
            createdAt: row.createdAt,
            updatedAt: row.updatedAt,
            clientCreatedAt: row.clientCreatedAt,
            clientUpdatedAt: row.clientUpdatedAt
        )
    }
}
