public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func rotateToken(_ input: RotateToken.Input) async throws(Problem) -> RotateToken.Output {
        let actor = input.principal.name
        let configured = configuration.configuredNames
        let token = try await audited(.tokenRotate, on: .token, input.tokenID.text, by: actor) { transaction in
            try transaction.rotate(input, by: actor, configured)
        }
        return .created(token)
    }
}

extension Transaction {
    fileprivate borrowing func rotate(_ input: RotateToken.Input, by actor: String, _ configured: [String]) throws
        -> IssuedToken
    {
        guard let row = try run(.endToken(tokenID: input.tokenID, graceSeconds: input.body.graceSeconds)) else {
            // Distinguish a token that has ended from one that never existed.
            guard try run(.tokenExists(tokenID: input.tokenID)) else { throw Problem.tokenNotFound }
            throw Problem(status: 409, code: .tokenEnded, detail: "the token was already revoked or replaced")
        }
        let draft = TokenDraft(
            name: row.name,
            roles: row.roles.compactMap(Role.init),
            instanceID: row.instanceID,
            expiresAt: row.expiresAt,
            identity: row.identity,
            lifetimeSeconds: row.lifetimeSeconds
        )
        try draft.checkName(configured)
        return try issue(draft, by: actor, as: .tokenRotate)
    }
}
