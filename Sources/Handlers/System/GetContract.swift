public import ContractRuntime
public import Generated

extension API {
    public func getContractJSON(_ input: GetContractJSON.Input) async throws(Problem) -> GetContractJSON.Output {
        .ok(Self.contract)
    }

    public func getContractYAML(_ input: GetContractYAML.Input) async throws(Problem) -> GetContractYAML.Output {
        .ok(ContractDocument.yaml)
    }

    // The generator wrote the text, and a test reads it.
    private static let contract = JSONObject(ContractDocument.json) ?? .empty
}
