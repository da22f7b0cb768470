public import ContractRuntime
public import Generated

extension API {
    public func getModule(_ input: GetModule.Input) async throws(Problem) -> GetModule.Output {
        guard let row = try await run(.getModule(moduleID: input.moduleID)) else {
            throw Problem(status: 404, code: "MODULE_NOT_FOUND", detail: "Module not found")
        }
        return .ok(Module(row))
    }
}
