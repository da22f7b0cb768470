public import ContractRuntime
public import Generated

extension API {
    /// The maximum number of balances in a response.
    private static let balanceLimit = 10_000

    public func listBalances(_ input: ListBalances.Input) async throws(Problem) -> ListBalances.Output {
        guard try await readPrimary(.isInstance(instanceID: input.instanceID)) else { throw .instanceNotFound }
        let rows = try await readPrimary(.listBalances(instanceID: input.instanceID, limit: Self.balanceLimit))
        let items = rows.map { row in
            StoredBalance(
                instanceID: input.instanceID,
                venue: row.venue,
                accountID: row.accountID,
                currency: row.currency,
                total: row.total,
                free: row.free,
                updatedAt: row.ts
            )
        }
        return .ok(BalanceList(items: items))
    }
}
