public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func revokeSession(_ input: RevokeSession.Input) async throws(Problem) -> RevokeSession.Output {
        let (id, actor, own) = (input.sessionID, input.principal.name, input.principal.ownSessionsOnly)
        try await audited(.sessionRevoke, on: .session, id.text, by: actor) { transaction in
            guard let session = try transaction.run(.revokeSession(sessionID: id, principal: own)) else {
                throw Problem(status: 404, code: .sessionNotFound, detail: "session not found")
            }
            let details = JSONObject { json in
                json.member("session_id", id)
                json.member("principal", session.owner)
            }
            let name = Self.name(ofSession: session.hash)
            try transaction.record(.sessionRevoke, on: .session, name, by: actor, details: details)
        }
        return .noContent
    }
}
