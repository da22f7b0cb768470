public import ContractRuntime
public import Generated

extension API {
    public func getContractJSON(_ input: GetContractJSON.Input) async throws(Problem) -> GetContractJSON.Output {
        .ok(Self.contract)
    }

    // The generator wrote this text, and a test parses it.
    private static let contract = JSONObject(ContractDocument.json) ?? .empty
}
