import CommandSigning
import ContractRuntime
import Generated
import Postgres

extension Transaction {
    /// Stores the author's own signature of a new command.
    ///
    /// - Throws: 403 for a signature that does not verify, 409 for a sequence number that is not above the earlier ones.
    borrowing func keep(_ signature: OperatorSignature?, of request: CommandRequest, _ row: CommandRow) throws {
        guard let signature else { return }
        guard request.expiresAt != nil else {
            throw Problem.signatureInvalid("a signed command needs expires_at instead of ttl_seconds")
        }
        guard let payload = JSONValue(signature.payload), payload == JSONValue(request.payload.description) else {
            throw Problem.signatureInvalid("the signed payload is not equal to payload")
        }
        let found = try run(.findCommandKey(keyID: signature.keyID, principal: row.createdBy))
        guard let found, let key = VerifyingKey(hexadecimal: found) else {
            throw Problem.signatureInvalid("'\(row.createdBy)' has no valid key '\(signature.keyID)'")
        }
        var statement = CommandStatement(row)
        statement.payload = signature.payload
        statement.sequence = signature.sequence
        guard statement.isSigned(by: key, signature.signature) else {
            throw Problem.signatureInvalid("the signature is not one of this command, made by '\(row.createdBy)'")
        }
        let taken = try run(
            .takeSequence(instanceID: row.instanceID, keyID: signature.keyID, sequence: signature.sequence)
        )
        guard taken == 1 else { throw Problem.sequenceUsed }
        _ = try run(
            .insertSignatures(
                commandIDs: [row.commandID.text],
                purpose: .operator,
                keyID: signature.keyID,
                sequences: ["\(signature.sequence)"],
                payload: signature.payload,
                signatures: [signature.signature]
            )
        )
    }
}

extension Problem {
    fileprivate static func signatureInvalid(_ detail: String) -> Problem {
        Problem(status: 403, code: .commandSignatureInvalid, detail: detail)
    }

    fileprivate static let sequenceUsed = Problem(
        status: 409,
        code: .commandSequenceUsed,
        detail: "the key has signed this or a higher sequence number for the instance, or it is more than a day ahead; "
            + "use the time in microseconds since 1970"
    )
}
