public import ContractRuntime
public import Generated

extension API {
    public func getModule(_ input: GetModule.Input) async throws(Problem) -> GetModule.Output {
        guard let row = try await run(.getModule(moduleID: input.moduleID)) else {
            throw .moduleNotFound
        }
        return .ok(Module(row, for: input.principal))
    }
}
