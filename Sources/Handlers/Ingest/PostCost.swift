public import ContractRuntime
public import Generated

extension API {
    public func postCost(_ input: PostCost.Input) async throws(Problem) -> PostCost.Output {
        let entry = input.body
        try input.principal.requireSubject(entry.instanceID)
        let fate = try await run(
            RecordCosts(
                instanceID: entry.instanceID,
                entryID: entry.entryID,
                symbol: entry.symbol,
                costType: entry.costType,
                amount: entry.amount,
                ts: entry.timestamp
            )
        )
        return .accepted(try IngestReceipt(fate))
    }
}
