public import ContractRuntime
public import Generated
import Postgres

/// The credentials of agents. An agent chooses the secret and sends only its hash, so a lost response loses nothing: the agent repeats the
/// request, and gets the same response.
extension API {
    public func enrollAgent(_ input: EnrollAgent.Input) async throws(Problem) -> EnrollAgent.Output {
        let request = input.body
        guard let codeID = input.principal.identity else { throw .unauthorized }
        let actor = input.principal.name
        let seconds = configuration.agentCredentialSeconds
        let name = Self.name(ofAgent: request.instanceID)
        let row = try await audited(.agentEnroll, on: .token, name, by: actor) { transaction in
            try transaction.enroll(request, with: codeID, by: actor, lifetimeSeconds: seconds)
        }
        return .created(AgentCredential(row))
    }

    public func rotateCredential(_ input: RotateCredential.Input) async throws(Problem) -> RotateCredential.Output {
        let principal = input.principal
        guard let identity = principal.identity, case .token(let presented)? = RequestClient.current?.credential else {
            throw .unauthorized
        }
        let hash = input.body.secretHash
        let row = try await audited(.tokenRotate, on: .token, principal.name, by: principal.name) { transaction in
            try transaction.rotate(identity, presented: presented, successor: hash, by: principal.name)
        }
        return .created(AgentCredential(row))
    }

    /// The name of the token of an agent, which is its actor in the audit log.
    static func name(ofAgent instanceID: String) -> String { "agent:\(instanceID)" }
}

extension Transaction {
    /// Creates the credential of an instance, and counts the use of the code. The lock on the code makes concurrent enrolments count exactly.
    fileprivate borrowing func enroll(
        _ request: AgentEnrolment,
        with codeID: UUID,
        by actor: String,
        lifetimeSeconds: Int
    ) throws -> CredentialRow {
        let instanceID = request.instanceID
        guard let code = try run(.lockEnrolmentCode(codeID: codeID, botID: request.botID)) else {
            throw Problem.unauthorized
        }
        let repeated = try run(
            .repeatedEnrolment(instanceID: instanceID, hash: request.secretHash, createdBy: actor)
        )
        if let repeated { return repeated }
        guard code.allowsBot else {
            let detail = "the enrolment code is not valid for bot '\(request.botID)'"
            throw Problem(status: 403, code: .botNotAllowed, detail: detail)
        }
        if let owner = try run(.ownerOfInstance(instanceID: instanceID)), !owner.hasSameScalars(as: request.botID) {
            let detail = "instance '\(instanceID)' does not belong to bot '\(request.botID)'"
            throw Problem(status: 409, code: .instanceOfAnotherBot, detail: detail)
        }
        _ = try run(.endExpiredCredentials(instanceID: instanceID))
        guard try !run(.hasCredential(instanceID: instanceID)) else { throw Problem.instanceEnrolled(instanceID) }
        guard !code.isUsedUp else {
            let detail = "the enrolment code was used as often as it may be; ask for another one"
            throw Problem(status: 409, code: .enrolmentCodeUsedUp, detail: detail)
        }
        let name = API.name(ofAgent: instanceID)
        let inserted = try run(
            .insertCredential(
                name: name,
                instanceID: instanceID,
                hash: request.secretHash,
                createdBy: actor,
                identity: nil,
                lifetimeSeconds: lifetimeSeconds
            )
        )
        guard let row = inserted else { throw Problem.instanceEnrolled(instanceID) }
        _ = try run(.countEnrolment(codeID: codeID))
        let details = JSONObject { json in
            json.member("token_id", row.tokenID)
            json.member("bot_id", request.botID)
            json.member("expires_at", row.expiresAt)
        }
        try record(.agentEnroll, on: .token, name, by: actor, details: details)
        return row
    }

    /// Replaces the credential of an identity. The old one stays valid for a while, because the response may be lost.
    fileprivate borrowing func rotate(
        _ identity: UUID,
        presented: String,
        successor: String,
        by actor: String
    ) throws -> CredentialRow {
        // After waiting for a concurrent rotation, only a second statement sees its result.
        let locked = try run(.lockCredential(identity: identity)) ?? run(.lockCredential(identity: identity))
        guard let current = locked else { throw Problem.credentialEnded }
        guard let lifetime = current.lifetimeSeconds else {
            let detail = "an admin issued this token, and can rotate it with POST /tokens/{token_id}/rotate"
            throw Problem(status: 409, code: .credentialNotRotating, detail: detail)
        }
        if current.hash.hasSameScalars(as: successor) {
            return try run(.credential(tokenID: current.tokenID))
        }
        // A copy of the agent has rotated it, or a thief.
        guard current.hash.hasSameScalars(as: presented) else { throw Problem.credentialEnded }
        _ = try run(.endToken(tokenID: current.tokenID, graceSeconds: API.rotationOverlapSeconds))
        let inserted = try run(
            .insertCredential(
                name: actor,
                instanceID: current.instanceID,
                hash: successor,
                createdBy: current.createdBy,
                identity: identity,
                lifetimeSeconds: lifetime
            )
        )
        guard let row = inserted else {
            throw Problem(status: 409, code: .tokenExists, detail: "the secret is in use; choose another one")
        }
        _ = try run(.forgetCredentials(identity: identity))
        let details = JSONObject { json in
            json.member("token_id", row.tokenID)
            json.member("replaces", current.tokenID)
            json.member("expires_at", row.expiresAt)
        }
        try record(.tokenRotate, on: .token, actor, by: actor, details: details)
        return row
    }
}

extension API {
    /// Seconds for which a rotated credential stays valid, so that requests in flight and agents whose response was lost continue.
    static let rotationOverlapSeconds = 3_600
}

extension AgentCredential {
    fileprivate init(_ row: CredentialRow) {
        self.init(
            tokenID: row.tokenID,
            instanceID: row.instanceID,
            expiresAt: row.expiresAt,
            rotateInSeconds: max(row.rotateInSeconds, 0)
        )
    }
}

extension Problem {
    fileprivate static func instanceEnrolled(_ instanceID: String) -> Problem {
        let detail =
            "instance '\(instanceID)' has a valid credential, or the secret is in use; an admin can revoke the credential"
        return Problem(status: 409, code: .instanceEnrolled, detail: detail)
    }

    fileprivate static var credentialEnded: Problem {
        Problem(status: 409, code: .tokenEnded, detail: "the credential was already revoked or replaced")
    }
}
