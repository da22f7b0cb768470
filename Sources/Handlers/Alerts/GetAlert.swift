public import ContractRuntime
public import Generated

extension API {
    public func getAlert(_ input: GetAlert.Input) async throws(Problem) -> GetAlert.Output {
        guard let row = try await run(.getAlert(alertID: input.alertID)) else { throw .alertNotFound }
        return .ok(Alert(row))
    }
}
