public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func verifyAuditLog(_ input: VerifyAuditLog.Input) async throws(Problem) -> VerifyAuditLog.Output {
        let (start, head) = try await readPrimary(.auditStart(), .auditHead())
        var from = Seal(position: start.position, hash: start.head, key: start.key)
        if input.after > start.position {
            let seal = try await readPrimary(.sealsAt(positions: ["\(input.after)"])).first
            from = Seal(position: input.after, hash: seal?.hash ?? "", key: seal?.key)
        }
        var part = try await verifyAudit(after: from, to: head.position, within: Self.verificationTime)
        if part.fault == nil, part.isComplete {
            part.fault = try await faultAtEnd(start: start, head: head)
        }
        let anchor = witness.newest
        return .ok(
            AuditVerification(
                isIntact: part.fault == nil,
                sealed: part.checked,
                unsealed: try await readPrimary(.countUnsealed()),
                head: part.head,
                brokenAt: part.fault?.ordinal,
                reason: part.fault?.reason,
                next: part.fault == nil && !part.isComplete ? part.position : nil,
                dropped: start.position,
                droppedHead: start.head,
                brokenPosition: part.fault?.position,
                unprotected: part.unprotected,
                anchored: anchor?.position,
                anchoredAt: anchor?.time
            )
        )
    }

    /// The first invalid entry.
    struct AuditFault {
        /// The number of the entry, if it is known.
        var ordinal: Int?
        /// The position in the chain, if it is known.
        var position: Int?
        var reason: String
    }

    /// The result of verifying a part of the chain.
    struct VerifiedPart {
        var position: Int
        var head: String
        var checked = 0
        var unprotected = 0
        var fault: AuditFault?
        /// Whether the part ends at the last seal.
        var isComplete = false
    }

    /// Verifies the chain after a seal up to `last`, as far as the time allows.
    ///
    /// Statements read rows ahead while this computes their seals, so that both processors are busy, and no statement takes long.
    func verifyAudit(
        after seal: Seal,
        to last: Int,
        within limit: Duration
    ) async throws(Problem) -> VerifiedPart {
        let end = ContinuousClock.now + limit
        var chain = SealChain(after: seal, keys: configuration.audit.keys)
        var result = VerifiedPart(position: seal.position, head: seal.hash)
        var after = seal.position
        var next = await auditRows(after: after, to: last)
        while after < last {
            let rows = try next.get()
            let done = min(after.addingSaturated(Self.verifiedAtOnce), last)
            async let ahead = auditRows(after: done, to: last)
            for row in rows.seals {
                let seal = Seal(position: row.position, hash: row.hash, key: row.key)
                if let reason = chain.fault(in: seal, entry: row.entry) {
                    result.fault = AuditFault(ordinal: row.ordinal, position: row.position, reason: reason)
                    break
                }
                result.checked = result.checked.addingSaturated(1)
            }
            (result.position, result.head, result.unprotected) = (chain.position, chain.head, chain.unprotected)
            if result.fault == nil, let ordinal = rows.unsealed { result.fault = .unsealed(ordinal) }
            if result.fault != nil { return result }
            next = await ahead
            after = done
            if ContinuousClock.now >= end { break }
        }
        result.isComplete = after >= last
        return result
    }

    private typealias AuditRows = (seals: [AuditPartRow], unsealed: Int?)

    /// The next part of the chain, and the first entry in it that has no seal. Three connections read at the same time.
    private func auditRows(after: Int, to last: Int) async -> Result<AuditRows, Problem> {
        guard after < last else { return .success(([], nil)) }
        let middle = min(after.addingSaturated(Self.verifiedAtOnce / 2), last)
        let end = min(after.addingSaturated(Self.verifiedAtOnce), last)
        async let second = seals(after: middle, to: end)
        do throws(Problem) {
            let (first, unsealed) = try await readPrimary(
                .auditPart(after: after, last: middle),
                .unsealedAudit(after: after, last: end, limit: Self.verifiedAtOnce)
            )
            return .success((first + (try await second.get()), unsealed))
        } catch {
            return .failure(error)
        }
    }

    private func seals(after: Int, to last: Int) async -> Result<[AuditPartRow], Problem> {
        guard after < last else { return .success([]) }
        do throws(Problem) { return .success(try await readPrimary(.auditPart(after: after, last: last))) } catch {
            return .failure(error)
        }
    }

    /// Verifies what comes after the last seal, the start of the chain, and the anchors outside of the database.
    private func faultAtEnd(start: AuditStartRow, head: AuditHeadRow) async throws(Problem) -> AuditFault? {
        let unsealed = try await readPrimary(
            .unsealedAudit(after: head.position, last: nil, limit: Self.verifiedAtOnce)
        )
        if let unsealed { return .unsealed(unsealed) }
        if !start.isRecorded {
            let reason =
                "the \(start.position) entries before it are missing, and no entry states that they were dropped"
            return AuditFault(ordinal: nil, position: start.position.addingSaturated(1), reason: reason)
        }
        return try await anchorFault(start: start, head: head)
    }

    /// The first contradiction between the chain and what this server, or its file of anchors, saw of it.
    func anchorFault(start: AuditStartRow, head: AuditHeadRow) async throws(Problem) -> AuditFault? {
        var anchors: [AuditAnchor] = []
        if let path = configuration.audit.anchorFile {
            do { anchors = try AnchorFile(path: path).newest() } catch {
                return AuditFault(reason: error.description)
            }
        }
        if let newest = witness.newest { anchors.append(newest) }
        if let forged = anchors.first(where: { !$0.isGenuine(configuration.audit.keys) }) {
            return AuditFault(position: forged.position, reason: "the anchor of \(forged.time) was changed")
        }
        let kept = anchors.filter { $0.position > start.position }.sorted { $0.position < $1.position }
        guard !kept.isEmpty else { return nil }
        let seals = try await readPrimary(.sealsAt(positions: kept.map { "\($0.position)" }))
        var found = seals[...]
        for anchor in kept {
            while let first = found.first, first.position < anchor.position { found.removeFirst() }
            guard let seal = found.first, seal.position == anchor.position else {
                let reason =
                    "the entries after position \(head.position) are missing: position \(anchor.position) existed at \(anchor.time)"
                return AuditFault(position: head.position.addingSaturated(1), reason: reason)
            }
            // traps: both are hexadecimal digits; anything else differs.
            guard seal.hash == anchor.head else {
                let reason = "it is another entry than at \(anchor.time): the log was rewritten"
                return AuditFault(ordinal: seal.ordinal, position: seal.position, reason: reason)
            }
        }
        return nil
    }

    /// How long a request checks entries before it leaves the rest to the next one.
    private static let verificationTime = Duration.milliseconds(800)

    /// The number of entries that are read at once.
    static let verifiedAtOnce = 10_000
}

extension API.AuditFault {
    fileprivate static func unsealed(_ ordinal: Int) -> Self {
        Self(ordinal: ordinal, position: nil, reason: "the entry was never sealed, or is missing")
    }
}
