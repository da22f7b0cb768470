public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func moveInstance(_ input: MoveInstance.Input) async throws(Problem) -> MoveInstance.Output {
        let (id, request, actor) = (input.instanceID, input.body, input.principal.name)
        try await audited(.instanceMove, on: .instance, id, by: actor) { transaction in
            guard let former = try transaction.run(.moveInstance(instanceID: id, botID: request.botID)) else {
                throw Problem.instanceNotFound
            }
            let details = JSONObject { json in
                json.member("from", former)
                json.member("to", request.botID)
                json.member("reason", request.reason)
            }
            try transaction.record(.instanceMove, on: .instance, id, by: actor, details: details)
        }
        return .ok(InstanceOwner(instanceID: id, botID: request.botID))
    }
}
