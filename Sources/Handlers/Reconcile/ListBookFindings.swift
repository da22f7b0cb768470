public import ContractRuntime
public import Generated

extension API {
    public func listBookFindings(_ input: ListBookFindings.Input) async throws(Problem) -> ListBookFindings.Output {
        let page = try Page<Timestamp, UUID>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let (rows, counted) = try await readPrimary(
            .listBookFindings(
                instanceID: input.instanceID,
                open: input.open,
                afterTime: page.after?.0,
                afterID: page.after?.1,
                limit: page.limit,
                offset: page.offset
            ),
            .countBookFindings(instanceID: input.instanceID, open: input.open, most: Total.most)
        )
        let total = Total(counted: counted)
        return .ok(
            BookFindingPage(
                page: page.number,
                pageSize: page.size,
                total: total.count,
                totalIsExact: total.isExact,
                items: page.items(rows).map(BookFinding.init),
                nextCursor: page.next(rows) { ($0.firstAt, $0.findingID) }
            )
        )
    }
}
