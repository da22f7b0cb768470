public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func revokeToken(_ input: RevokeToken.Input) async throws(Problem) -> RevokeToken.Output {
        let actor = input.principal.name
        try await audited(.tokenRevoke, on: .token, input.tokenID.text, by: actor) { transaction in
            guard let name = try transaction.run(.lockToken(tokenID: input.tokenID)).first else {
                throw Problem.tokenNotFound
            }
            _ = try transaction.run(.revokeToken(tokenID: input.tokenID))
            let details = JSONObject { json in json.member("token_id", input.tokenID) }
            try transaction.record(.tokenRevoke, on: .token, name, by: actor, details: details)
            _ = try transaction.run(.deletePushSubscriptionsOf(principal: name))
            try transaction.notifyAccessChange(.tokenRevoke, of: name, by: actor)
        }
        return .noContent
    }
}
