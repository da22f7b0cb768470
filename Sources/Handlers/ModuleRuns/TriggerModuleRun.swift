public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func triggerModuleRun(_ input: TriggerModuleRun.Input) async throws(Problem) -> TriggerModuleRun.Output {
        let (id, actor) = (input.moduleID, input.principal.name)
        let summary = try input.body.summary?.text
        let row = try await audited(.moduleRunTrigger, on: .module, id.text, by: actor) { transaction in
            guard let isEnabled = try transaction.run(.moduleForRun(moduleID: id)) else { throw Problem.moduleNotFound }
            guard isEnabled else {
                throw Problem(status: 409, code: .moduleDisabled, detail: "module is disabled")
            }
            return try transaction.queueRun(input, summary)
        }
        return .accepted(ModuleRun(row))
    }
}

extension Transaction {
    fileprivate borrowing func queueRun(_ input: TriggerModuleRun.Input, _ summary: String?) throws
        -> InsertModuleRunRow
    {
        let row = try run(
            .insertModuleRun(
                moduleID: input.moduleID,
                triggerType: input.body.triggerType,
                summary: summary
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

extension RunRequestSummary {
    /// The text to store; an object is stored as JSON.
    fileprivate var text: String {
        get throws(Problem) {
            switch self {
            case .string(let text): return text
            case .object(let object):
                // Serializing the object removes white space and unnecessary escapes.
                let text = JSONValue(object.description)?.description ?? object.description
                guard text.unicodeScalars.count > 4096 else { return text }
                let message = "the object's text has \(text.unicodeScalars.count) characters, expected at most 4096"
                throw Problem(
                    InvalidInput(violations: [Violation(pointer: "/summary", keyword: "maxLength", message: message)])
                )
            }
        }
    }
}
