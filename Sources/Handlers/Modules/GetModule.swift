public import ContractRuntime
public import Generated

extension API {
    public func getModule(_ input: GetModule.Input) async throws(Problem) -> GetModule.Output {
        guard let row = try await run(.getModule(moduleID: input.moduleID)) else {
            throw Problem(status: 404, code: "MODULE_NOT_FOUND", detail: "Module not found")
        }
        return .ok(
            Module(
                moduleID: input.moduleID,
                name: row.name,
                description: row.description,
                enabled: row.enabled,
                executionMode: row.executionMode,
                scheduleCron: row.scheduleCron,
                config: row.config,
                createdAt: row.createdAt,
                updatedAt: row.updatedAt,
                clientCreatedAt: row.clientCreatedAt,
                clientUpdatedAt: row.clientUpdatedAt
            )
        )
    }
}
