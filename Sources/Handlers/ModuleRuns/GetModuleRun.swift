public import ContractRuntime
public import Generated

extension API {
    public func getModuleRun(_ input: GetModuleRun.Input) async throws(Problem) -> GetModuleRun.Output {
        guard let row = try await run(.getModuleRun(runID: input.runID)) else { throw .moduleRunNotFound }
        return .ok(ModuleRun(row))
    }
}
