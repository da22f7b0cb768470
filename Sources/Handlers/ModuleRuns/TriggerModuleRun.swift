public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func triggerModuleRun(_ input: TriggerModuleRun.Input) async throws(Problem) -> TriggerModuleRun.Output {
        let row = try await transaction { transaction in
            guard let isEnabled = try transaction.run(.moduleForRun(moduleID: input.moduleID)) else {
                throw Problem.moduleNotFound
            }
            return isEnabled ? try transaction.queueRun(input) : try transaction.refuseRun(input)
        }
        guard let row else {
            throw Problem(status: 409, code: "MODULE_DISABLED", detail: "module is disabled")
        }
        return .accepted(ModuleRun(row))
    }
}

extension Transaction {
    fileprivate borrowing func queueRun(_ input: TriggerModuleRun.Input) throws -> InsertModuleRunRow? {
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

    /// A disabled module runs for nobody, and somebody tried.
    fileprivate borrowing func refuseRun(_ input: TriggerModuleRun.Input) throws -> InsertModuleRunRow? {
        let details = JSONObject { json in json.member("trigger_type", input.body.triggerType) }
        try record(
            .moduleRunTrigger,
            on: .module,
            input.moduleID.text,
            by: input.principal.name,
            result: .rejected,
            details: details
        )
        return nil
    }
}
