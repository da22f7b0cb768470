public import ContractRuntime
public import Generated

extension API {
    public func listCommands(_ input: ListCommands.Input) async throws(Problem) -> ListCommands.Output {
        let page = try Page<Timestamp, UUID>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let (rows, counted) = try await readPrimary(
            .listCommands(
                instanceID: input.instanceID,
                status: input.status,
                commandType: input.commandType,
                createdBy: input.createdBy,
                bulkID: input.bulkID,
                commandID: input.commandID,
                afterTime: page.after?.0,
                afterID: page.after?.1,
                limit: page.limit,
                offset: page.offset
            ),
            .countCommands(
                instanceID: input.instanceID,
                status: input.status,
                commandType: input.commandType,
                createdBy: input.createdBy,
                bulkID: input.bulkID,
                commandID: input.commandID,
                most: Total.most
            )
        )
        let total = Total(counted: counted)
        return .ok(
            CommandPage(
                page: page.number,
                pageSize: page.size,
                total: total.count,
                totalIsExact: total.isExact,
                items: page.items(rows).map { Command($0) },
                nextCursor: page.next(rows) { ($0.createdAt, $0.commandID) }
            )
        )
    }
}
