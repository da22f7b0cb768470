public import ContractRuntime
import Generated
import Postgres

/// A month of the audit log that has ended and is in the database.
public struct AuditMonth: Sendable {
    /// The month, as `YYYY-MM`.
    public let name: String
    /// Whether it was exported before.
    public let isExported: Bool
    /// The first number of its entries, and the first number of the next month.
    fileprivate let ordinals: (first: Int, end: Int)
    /// The seals before and at its end; nil until all of its entries are sealed.
    fileprivate let seals: (before: Seal, last: Seal)?

    /// Whether it has not ended. Its export is a copy of the log until now, and is not recorded.
    public let isOpen: Bool

    fileprivate init(_ row: EndedAuditMonthsRow) {
        (name, isExported, isOpen) = (row.month, row.isExported, false)
        ordinals = (row.firstOrdinal, row.endOrdinal)
        guard let position = row.lastPosition, let head = row.head, let before = row.positionBefore,
            let headBefore = row.headBefore
        else {
            seals = nil
            return
        }
        seals = (
            Seal(position: before, hash: headBefore, key: row.keyBefore), Seal(position: position, hash: head)
        )
    }

    fileprivate init(_ row: OpenAuditMonthRow) {
        (name, isExported, isOpen) = (row.month, false, true)
        ordinals = (row.firstOrdinal, row.endOrdinal)
        seals = (
            Seal(position: row.positionBefore, hash: row.headBefore, key: row.keyBefore),
            Seal(position: row.lastPosition, hash: row.head)
        )
    }
}

/// Why months cannot be exported.
public struct AuditExportError: Error, CustomStringConvertible {
    /// The cause, and the action to take.
    public let description: String
}

// The operations of `flotilla-server export-audit`.
extension API {
    /// The months to export: those that have ended, starting with the first that has no export.
    ///
    /// - Parameters:
    ///   - end: Only months before this one, as `YYYY-MM`; nil for all.
    ///   - again: Whether to include months that were exported before.
    public func auditMonths(before end: String?, again: Bool) async throws(Problem) -> [AuditMonth] {
        let ended = try await readPrimary(.endedAuditMonths()).map(AuditMonth.init)
        let wanted = ended.filter { month in end.map { month.name < $0 } ?? true }
        return again ? wanted : Array(wanted.drop(while: \.isExported))
    }

    /// All months in the database, and what the current one has so far.
    public func auditMonthsUntilNow() async throws(Problem) -> [AuditMonth] {
        let ended = try await readPrimary(.endedAuditMonths()).map(AuditMonth.init)
        let open = try await readPrimary(.openAuditMonth())
        // Months that have ended are exported up to their own last seal, so the current one follows only if they have one.
        return open.lastPosition > open.positionBefore ? ended + [AuditMonth(open)] : ended
    }

    /// Writes the entries of months with their seals, and verifies each entry.
    ///
    /// - Parameters:
    ///   - months: Consecutive months, at least one.
    ///   - write: Takes the next part of the file.
    public func exportAudit(
        _ months: [AuditMonth],
        write: (_ lines: [UInt8]) throws -> Void
    ) async throws -> AuditFileSummary {
        guard let first = months.first, let last = months.last else {
            throw AuditExportError(description: "there are no months to export")
        }
        if let open = months.first(where: { $0.seals == nil }) {
            throw AuditExportError(description: "not all entries of \(open.name) are sealed yet: try again in a minute")
        }
        let keys = configuration.audit.keys
        guard let start = first.seals?.before, let end = last.seals?.last else {
            return try AuditFileVerifier(keys: keys).summary()
        }
        var verifier = AuditFileVerifier(keys: keys)
        var lines: [UInt8] = []
        func add(_ line: String) throws {
            let start = lines.endIndex
            lines += line.utf8
            try verifier.add(lines[start...])
            lines.append(UInt8(ascii: "\n"))
        }
        func flush() throws {
            try write(lines)
            lines.removeAll(keepingCapacity: true)
        }
        try add(
            AuditFileVerifier.header(
                months: first.name...last.name,
                position: start.position.addingSaturated(1),
                headBefore: start.hash,
                keyBefore: start.key
            )
        )
        var head = start.hash
        for month in months {
            guard let seals = month.seals else { continue }
            if !month.isOpen, let fault = try await readPrimary(.auditMonthFault(month: month.name)) {
                throw AuditExportError(description: "\(month.name) does not verify: \(fault)")
            }
            var position = seals.before.position
            while position < seals.last.position {
                let rows = try await readPrimary(
                    .sealedEntries(
                        after: position,
                        last: seals.last.position,
                        firstOrdinal: month.ordinals.first,
                        endOrdinal: month.ordinals.end,
                        limit: 1_000
                    )
                )
                guard let next = rows.last else { break }
                for row in rows {
                    try add(
                        AuditFileVerifier.line(position: row.position, hash: row.hash, key: row.key, entry: row.entry)
                    )
                }
                (position, head) = (next.position, next.hash)
                try flush()
            }
        }
        // traps: both are hexadecimal digits.
        guard head == end.hash else {
            throw AuditExportError(description: "the head of \(last.name) is not the one that was noted at its end")
        }
        try add(
            AuditFileVerifier.footer(
                position: end.position,
                entries: end.position.subtractingSaturated(start.position),
                head: head,
                keys: keys
            )
        )
        try flush()
        return try verifier.summary()
    }

    /// Records an export whose file is on disk, also in the audit log.
    ///
    /// - Parameters:
    ///   - summary: The contents of the file.
    ///   - file: The path of the file.
    ///   - sha256: The hash of the file, in hexadecimal.
    ///   - actor: The name of the exporter.
    public func noteAuditExport(
        _ summary: AuditFileSummary,
        file: String,
        sha256: String,
        by actor: String
    ) async throws(Problem) {
        let (first, last) = (summary.months.lowerBound, summary.months.upperBound)
        try await transaction { transaction in
            _ = try transaction.run(
                .noteAuditExport(firstMonth: first, lastMonth: last, actor: actor, file: file, sha256: sha256)
            )
            let details = JSONObject { json in
                json.member("first_month", first)
                json.member("entries", summary.entries)
                json.member("head", summary.head)
                json.member("file", file)
                json.member("sha256", sha256)
            }
            try transaction.record(.auditExport, on: .auditMonth, last, by: actor, details: details)
        }
    }
}
