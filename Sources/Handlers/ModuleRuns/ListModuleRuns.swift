public import ContractRuntime
public import Generated

extension API {
    public func listModuleRuns(_ input: ListModuleRuns.Input) async throws(Problem) -> ListModuleRuns.Output {
        let page = try Page<Timestamp, UUID>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let (rows, counted) = try await readPrimary(
            .listModuleRuns(
                moduleID: input.moduleID,
                status: input.status,
                afterTime: page.after?.0,
                afterID: page.after?.1,
                limit: page.limit,
                offset: page.offset
            ),
            .countModuleRuns(moduleID: input.moduleID, status: input.status, most: Total.most)
        )
        let total = Total(counted: counted)
        return .ok(
            ModuleRunPage(
                page: page.number,
                pageSize: page.size,
                total: total.count,
                totalIsExact: total.isExact,
                items: page.items(rows).map { ModuleRun($0) },
                nextCursor: page.next(rows) { ($0.startedAt, $0.runID) }
            )
        )
    }
}
