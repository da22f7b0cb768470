public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func deleteInstance(_ input: DeleteInstance.Input) async throws(Problem) -> DeleteInstance.Output {
        let (id, reason, actor) = (input.instanceID, input.reason, input.principal.name)
        let row = try await audited(.instanceDelete, on: .instance, id, by: actor) { transaction in
            guard let instance = try transaction.run(.lockInstance(instanceID: id)) else {
                throw Problem.instanceNotFound
            }
            guard instance.retiredAt != nil else {
                let detail =
                    "instance '\(id)' is not retired; retire it first with POST /instances/{instance_id}/retire"
                throw Problem(status: 409, code: .instanceNotRetired, detail: detail)
            }
            if instance.deletedAt == nil { try transaction.delete(instance.botID, id, reason, by: actor) }
            return try transaction.retiredInstance(id)
        }
        return .accepted(RetiredInstance(row))
    }
}

extension Transaction {
    /// Marks a retired instance for removal.
    fileprivate borrowing func delete(_ botID: String, _ id: String, _ reason: String?, by actor: String) throws {
        _ = try run(.lockTokensOfInstance(instanceID: id))
        let tokens = try run(.deleteInstance(instanceID: id))
        let details = JSONObject { json in
            json.member("bot_id", botID)
            json.member("reason", reason)
            json.member("revoked_tokens", tokens)
        }
        try record(.instanceDelete, on: .instance, id, by: actor, details: details)
    }
}
