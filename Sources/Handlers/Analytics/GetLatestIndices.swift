public import ContractRuntime
public import Generated

extension API {
    public func getLatestIndices(_ input: GetLatestIndices.Input) async throws(Problem) -> GetLatestIndices.Output {
        let rows = try await read(.latestIndices(indexName: input.indexName))
        let items = rows.map { IndexValuesItemsItem(indexName: $0.indexName, value: $0.value, timestamp: $0.ts) }
        return .ok(IndexValues(items: items))
    }
}
