public import ContractRuntime
public import Generated

extension API {
    public func getContractYAML(_ input: GetContractYAML.Input) async throws(Problem) -> GetContractYAML.Output {
        .ok(Bytes(Array(ContractDocument.yaml.utf8)))
    }
}
