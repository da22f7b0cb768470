public import ContractRuntime
public import Generated

extension API {
    public func getHealth(_ input: GetHealth.Input) async throws(Problem) -> GetHealth.Output {
        .ok(Health(status: .ok, timestamp: .now, schemaVersion: schema.version))
    }
}
