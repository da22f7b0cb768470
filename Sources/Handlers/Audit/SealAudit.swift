import ContractRuntime
import Generated
import Logging
import Postgres

/// How the audit log is protected.
public struct AuditProtection: Sendable {
    /// The keys of seals; nil for seals without a key.
    public var keys: AuditKeys?
    /// The file to which the head of the chain is written; nil for none.
    public var anchorFile: String?
    /// The seconds between two anchors.
    public var anchorSeconds = 60

    /// No keys and no anchors.
    public init() {}
}

extension API {
    /// Seals the entries that wait, with the newest key if there are keys.
    ///
    /// - Returns: False if another server does this.
    func sealAudit(_ lock: Job.Lock) async throws(Problem) -> Bool {
        let keys = configuration.audit.keys
        for _ in 0..<1_000 {
            let step = try await lead(lock) { transaction in
                if let keys { return try transaction.seal(with: keys, limit: Self.sealedAtOnce) }
                return SealStep(done: try transaction.run(.sealAudit(limit: Self.sealedAtOnce)))
            }
            guard let step else { return false }
            if let (previous, anchor) = step.heads { witness.note(anchor, after: previous) }
            guard step.done >= 0 else { throw .auditKeyMissing }
            if step.done < Self.sealedAtOnce || Task.isCancelled { break }
        }
        return true
    }

    /// Compares the head of the chain with the ones before, and writes it to the file of anchors. A contradiction raises an alert.
    func anchorAudit() async throws(Problem) {
        guard witness.isDue(after: .seconds(configuration.audit.anchorSeconds)) else { return }
        let (start, head) = try await readPrimary(.auditStart(), .auditHead())
        if let fault = try await anchorFault(start: start, head: head) {
            // The last anchor stays the evidence.
            let place = fault.position.map { "Position \($0): " } ?? ""
            _ = try await run(.raiseAuditAlert(fault: place + fault.reason))
            return
        }
        guard head.position > start.position else { return }
        let anchor = AuditAnchor(
            position: head.position,
            head: head.hash,
            time: head.now,
            keys: configuration.audit.keys
        )
        if let path = configuration.audit.anchorFile {
            let file = AnchorFile(path: path)
            do {
                if try file.newest().last?.position ?? 0 < anchor.position { try file.append(anchor) }
            } catch {
                throw Problem(status: 500, code: .internalError, detail: error.description)
            }
        }
        witness.note(anchor)
    }

    /// Logs a warning if the role of this server could change the audit log.
    public func warnOfOwnership() async {
        guard configuration.warnsOfOwnership else { return }
        while schema.version == nil {
            guard (try? await Task.sleep(for: .milliseconds(200))) != nil else { return }
        }
        guard (try? await readPrimary(.ownsAudit())) == true else { return }
        logger.warning(
            "the server's database role owns the audit log and can delete it: use another role and set MIGRATION_DATABASE_URL for migrations"
        )
    }

    /// Sends the head of the chain to another system whenever it changed, until it is cancelled.
    ///
    /// - Parameter send: Sends an anchor; returns why it failed, or nil.
    public func publishAnchors(_ send: @Sendable (AuditAnchor) async -> String?) async {
        var sent = 0
        var hasFailed = false
        while (try? await Task.sleep(for: .seconds(configuration.audit.anchorSeconds))) != nil {
            guard let anchor = witness.newest, anchor.position > sent else { continue }
            if let reason = await send(anchor) {
                if !hasFailed {
                    logger.warning("the anchor of the audit log was not sent", metadata: ["error": "\(reason)"])
                }
                hasFailed = true
            } else {
                (sent, hasFailed) = (anchor.position, false)
            }
        }
    }

    private static let sealedAtOnce = 5_000
}

/// The result of sealing a part of the entries that wait.
private struct SealStep: Sendable {
    /// The number of new seals; negative if only a server with another key can continue.
    var done: Int
    /// The last seal before, and the new head.
    var heads: (previous: Seal, new: AuditAnchor)?
}

extension Transaction {
    fileprivate borrowing func seal(with keys: AuditKeys, limit: Int) throws -> SealStep {
        let due = try run(.holdAuditSeals(limit: limit))
        guard !due.isEmpty else { return SealStep(done: 0) }
        let last = try run(.auditHead())
        let previous = Seal(position: last.position, hash: last.hash, key: last.key)
        var chain = SealChain(after: previous, keys: keys)
        var hashes: [String] = []
        for text in try run(.auditTexts(due: due)) {
            guard let hash = chain.seal(text) else { return SealStep(done: -1) }
            hashes.append(hash)
        }
        let added = try run(.addAuditSeals(previous: last.position, due: due, hashes: hashes, key: keys.active.id))
        return SealStep(
            done: added,
            heads: (
                previous, AuditAnchor(position: chain.position, head: chain.head, time: last.now, keys: keys)
            )
        )
    }
}

extension Problem {
    fileprivate static let auditKeyMissing = Problem(
        status: 500,
        code: .internalError,
        detail:
            "the last seal of the audit log has a key that this server does not have: set AUDIT_KEY_FILE as on the other servers"
    )
}
