public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func triggerModuleRun(_ input: TriggerModuleRun.Input) async throws(Problem) -> TriggerModuleRun.Output {
        let (id, actor) = (input.moduleID, input.principal.name)
        let row = try await audited(.moduleRunTrigger, on: .module, id.text, by: actor) { transaction in
            guard let isEnabled = try transaction.run(.moduleForRun(moduleID: id)) else { throw Problem.moduleNotFound }
            guard isEnabled else {
                throw Problem(status: 409, code: "MODULE_DISABLED", detail: "module is disabled")
            }
            return try transaction.queueRun(input)
        }
        return .accepted(ModuleRun(row))
    }
}

extension Transaction {
    fileprivate borrowing func queueRun(_ input: TriggerModuleRun.Input) throws -> InsertModuleRunRow {
        let row = try run(
            .insertModuleRun(
                moduleID: input.moduleID,
                triggerType: input.body.triggerType,
                summary: input.body.summary
            )
        )
        let details = JSONObject { json in
            json.member("run_id", row.runID)
            json.member("trigger_type", row.triggerType)
        }
        try record(.moduleRunTrigger, on: .module, input.moduleID.text, by: input.principal.name, details: details)
        return row
    }
}
