import CommandSigning
import ContractRuntime
import Generated
import Postgres

// The server signs a command in the transaction in which it accepts the request or the last approval, and never anything that it only finds in
// the database.
extension Transaction {
    /// Signs new commands: pending ones for their instances, waiting ones for the approval.
    ///
    /// - Parameter keys: Nil if the server signs no commands.
    borrowing func sign(_ commands: [SignableCommand], with keys: ServerKeys?) throws {
        guard let key = keys?.current else { return }
        try sign(commands.filter { $0.status == .pending }, by: key)
        try seal(commands.filter { $0.status == .awaitingApproval }, by: key)
    }

    /// Permits instances to execute commands.
    private borrowing func sign(_ commands: [SignableCommand], by key: SigningKey) throws {
        guard !commands.isEmpty else { return }
        let numbers = try run(.nextSequences(instanceIDs: commands.map(\.statement.instanceID), keyID: key.id))
        let sequences = Dictionary(numbers.map { (ExactText($0.instanceID), $0.sequence) }) { first, _ in first }
        let statements = commands.map { command in
            var statement = command.statement
            statement.sequence = sequences[ExactText(statement.instanceID)] ?? 0
            return statement
        }
        try store(statements, for: .server, by: key, .command)
    }

    /// Records that a server has accepted commands that still need approval.
    private borrowing func seal(_ commands: [SignableCommand], by key: SigningKey) throws {
        guard !commands.isEmpty else { return }
        try store(commands.map(\.statement), for: .request, by: key, .request)
    }

    private borrowing func store(
        _ statements: [CommandStatement],
        for purpose: SignaturePurpose,
        by key: SigningKey,
        _ meaning: CommandStatement.Purpose
    ) throws {
        var signatures: [String] = []
        for statement in statements {
            guard let signature = statement.signature(by: key, for: meaning) else { throw Problem.internalError }
            signatures.append(signature)
        }
        _ = try run(
            .insertSignatures(
                commandIDs: statements.map(\.commandID.text),
                purpose: purpose,
                keyID: key.id,
                sequences: statements.map { "\($0.sequence)" },
                payload: nil,
                signatures: signatures
            )
        )
    }

    /// Withdraws the permission to execute a command that must wait for approval after all.
    borrowing func withdrawSignature(of id: UUID, _ keys: ServerKeys?) throws {
        guard let keys, let row = try run(.getCommand(commandID: id)) else { return }
        let isAuthentic = try run(.signaturesOf(commandIDs: [id.text])).contains { signature in
            var statement = CommandStatement(row)
            statement.sequence = signature.sequence
            return signature.purpose == .server
                && keys.haveSigned(statement, signature.signature, by: signature.keyID, for: .command)
        }
        _ = try run(.deleteSignature(commandID: id, purpose: .server))
        if isAuthentic { try seal([SignableCommand(row)], by: keys.current) }
    }

    /// Rejects the approval of a command that no server has accepted as it is now.
    borrowing func requireAccepted(_ row: CommandRow, _ keys: ServerKeys?) throws {
        guard let keys else { return }
        let isAuthentic = try run(.signaturesOf(commandIDs: [row.commandID.text])).contains { signature in
            signature.purpose == .request
                && keys.haveSigned(CommandStatement(row), signature.signature, by: signature.keyID, for: .request)
        }
        if !isAuthentic { throw Problem.commandNotSigned }
    }
}

/// A stored command that the server may sign.
struct SignableCommand {
    let statement: CommandStatement
    let status: CommandStatus

    init(_ row: CommandRow) {
        statement = CommandStatement(row)
        status = row.status
    }

    init(_ statement: CommandStatement, _ status: CommandStatus) {
        self.statement = statement
        self.status = status
    }
}

extension CommandStatement {
    /// The statement about a stored command, without a sequence number. The payload is the text that PostgreSQL stores.
    init(_ row: CommandRow) {
        self.init(
            commandID: row.commandID,
            instanceID: row.instanceID,
            commandType: row.commandType.rawValue,
            payload: row.payload.description,
            expiresAt: row.expiresAt,
            author: row.createdBy,
            sequence: 0
        )
    }
}

extension CommandSignature {
    /// The signature of a delivered command; nil if it is not for the instance.
    init?(_ row: SignaturesOfRow, of command: CommandRow) {
        let signer: Signer
        switch row.purpose {
        case .request: return nil
        case .server: signer = .server
        case .operator: signer = .operator
        }
        self.init(
            signer: signer,
            keyID: row.keyID,
            sequence: row.sequence,
            payload: row.payload ?? command.payload.description,
            signature: row.signature
        )
    }
}

extension Problem {
    fileprivate static let commandNotSigned = Problem(
        status: 409,
        code: .commandNotSigned,
        detail:
            "no server with COMMAND_SIGNING_KEY_FILE has accepted this command as it is now: deny it and send it again"
    )
}
