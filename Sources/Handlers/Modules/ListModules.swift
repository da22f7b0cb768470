public import ContractRuntime
public import Generated

extension API {
    public func listModules(_ input: ListModules.Input) async throws(Problem) -> ListModules.Output {
        let page = try Page<String, UUID>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let (rows, total) = try await readPrimary(
            .listModules(
                enabled: input.enabled,
                afterName: page.after?.0,
                afterID: page.after?.1,
                limit: page.limit,
                offset: page.offset
            ),
            .countModules(enabled: input.enabled)
        )
        return .ok(
            ModulePage(
                page: page.number,
                pageSize: page.size,
                total: total,
                items: page.items(rows).map { Module($0, for: input.principal) },
                nextCursor: page.next(rows) { ($0.name, $0.moduleID) }
            )
        )
    }
}
