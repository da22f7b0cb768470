import CommandSigning
public import ContractRuntime
import Digests
public import Generated
import Postgres

extension API {
    /// The maximum number of valid keys of people, as in `command-key-list.schema.json`.
    private static let mostKeys = 1_000

    public func listCommandKeys(_ input: ListCommandKeys.Input) async throws(Problem) -> ListCommandKeys.Output {
        let ofServer = configuration.signing?.all.prefix(10).map { CommandKey($0.verifyingKey) } ?? []
        let ofPeople = try await readPrimary(.listCommandKeys(limit: Self.mostKeys)).map { CommandKey($0) }
        return .ok(CommandKeyList(items: ofServer + ofPeople))
    }

    public func registerCommandKey(
        _ input: RegisterCommandKey.Input
    ) async throws(Problem) -> RegisterCommandKey.Output {
        let (request, actor) = (input.body, input.principal.name)
        guard let key = VerifyingKey(hexadecimal: request.publicKey) else {
            throw Problem(status: 422, code: .validationFailed, detail: "public_key is not an Ed25519 key")
        }
        let isOfServer = configuration.signing?.all.contains { $0.id == key.id } ?? false
        let row = try await audited(.commandKeyRegister, on: .commandKey, key.id, by: actor) { transaction in
            if isOfServer { throw Problem.commandKeyExists }
            guard try transaction.run(.countCommandKeys()) < Self.mostKeys else { throw Problem.tooManyCommandKeys }
            let row = try transaction.run(
                .insertCommandKey(
                    keyID: key.id,
                    publicKey: request.publicKey,
                    principal: request.principal,
                    name: request.name,
                    createdBy: actor
                )
            )
            guard let row else { throw Problem.commandKeyExists }
            let details = JSONObject { json in
                json.member("principal", row.principal)
                json.member("name", row.name)
                json.member("public_key", row.publicKey)
            }
            try transaction.record(.commandKeyRegister, on: .commandKey, key.id, by: actor, details: details)
            try transaction.notifyAccessChange(.commandKeyRegister, of: row.principal, by: actor)
            return row
        }
        return .created(CommandKey(row))
    }

    public func revokeCommandKey(_ input: RevokeCommandKey.Input) async throws(Problem) -> RevokeCommandKey.Output {
        let (id, actor) = (input.keyID, input.principal.name)
        try await audited(.commandKeyRevoke, on: .commandKey, id, by: actor) { transaction in
            guard let principal = try transaction.run(.revokeCommandKey(keyID: id)) else {
                throw Problem(status: 404, code: .commandKeyNotFound, detail: "command key not found")
            }
            let details = JSONObject { json in json.member("principal", principal) }
            try transaction.record(.commandKeyRevoke, on: .commandKey, id, by: actor, details: details)
            try transaction.notifyAccessChange(.commandKeyRevoke, of: principal, by: actor)
        }
        return .noContent
    }
}

extension CommandKey {
    /// A key of the server.
    fileprivate init(_ key: VerifyingKey) {
        self.init(
            keyID: key.id,
            signer: .server,
            publicKey: key.bytes.hexadecimal,
            principal: nil,
            name: nil,
            createdBy: nil,
            createdAt: nil,
            revokedAt: nil
        )
    }

    fileprivate init(_ row: CommandKeyRow) {
        self.init(
            keyID: row.keyID,
            signer: .operator,
            publicKey: row.publicKey,
            principal: row.principal,
            name: row.name,
            createdBy: row.createdBy,
            createdAt: row.createdAt,
            revokedAt: row.revokedAt
        )
    }
}

extension Problem {
    fileprivate static let commandKeyExists = Problem(
        status: 409,
        code: .commandKeyExists,
        detail: "the key is or was registered, or is the server's: create a new one"
    )

    fileprivate static let tooManyCommandKeys = Problem(
        status: 409,
        code: .tooManyCommandKeys,
        detail: "1000 keys are valid: revoke some first"
    )
}
