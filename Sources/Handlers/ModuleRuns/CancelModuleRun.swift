public import ContractRuntime
public import Generated

extension API {
    public func cancelModuleRun(_ input: CancelModuleRun.Input) async throws(Problem) -> CancelModuleRun.Output {
        let change = RunChange(
            action: .moduleRunCancel,
            runID: input.runID,
            actor: input.principal.name,
            status: .canceled
        )
        return .ok(ModuleRun(try await self.change(change)))
    }
}
