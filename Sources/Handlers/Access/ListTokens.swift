public import ContractRuntime
public import Generated

extension API {
    public func listTokens(_ input: ListTokens.Input) async throws(Problem) -> ListTokens.Output {
        let page = try Page<Timestamp, UUID>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let (rows, total) = try await readPrimary(
            .listTokens(
                instanceID: input.instanceID,
                afterTime: page.after?.0,
                afterID: page.after?.1,
                limit: page.limit,
                offset: page.offset
            ),
            .countTokens(instanceID: input.instanceID)
        )
        return .ok(
            AccessTokenPage(
                page: page.number,
                pageSize: page.size,
                total: total,
                items: page.items(rows).map { AccessToken($0) },
                nextCursor: page.next(rows) { ($0.createdAt, $0.tokenID) }
            )
        )
    }
}
