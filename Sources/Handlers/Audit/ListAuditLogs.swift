public import ContractRuntime
import FoundationEssentials
public import Generated
import Postgres

extension API {
    public func listAuditLogs(_ input: ListAuditLogs.Input) async throws(Problem) -> ListAuditLogs.Output {
        let page = try Page<Timestamp, Int>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let filter = AuditFilter(input)
        let (rows, counted) = try await readPrimary(
            .listAuditLogs(filter, after: page.after, limit: page.limit, offset: page.offset),
            .countAuditLogs(filter)
        )
        let total = Total(counted: counted)
        let anchor = try await readPrimary(.auditStart())
        return .ok(
            AuditPage(
                page: page.number,
                pageSize: page.size,
                total: total.count,
                totalIsExact: total.isExact,
                items: page.items(rows).map(AuditEntry.init),
                nextCursor: page.next(rows) { ($0.ts, $0.ordinal) },
                droppedBefore: anchor.droppedBefore
            )
        )
    }

    public func exportAuditLogs(_ input: ExportAuditLogs.Input) async throws(Problem) -> ExportAuditLogs.Output {
        let rows = try await readPrimary(.listAuditLogs(AuditFilter(input), after: nil, limit: input.limit, offset: 0))
        return .ok(CSV(rows.map(AuditEntry.init), columns: Self.auditColumns).text)
    }

    private static let auditColumns = [
        "ordinal", "timestamp", "actor", "action", "target_type", "target_id", "result", "details", "run_id",
        "reconcile_id", "audit_id",
    ]
}

/// The filter for audit entries.
private struct AuditFilter {
    var actor: String?
    var action: String?
    var targetType: String?
    var targetID: String?
    var instanceID: String?
    var result: AuditResult?
    var runID: UUID?
    var reconcileID: UUID?
    var from: Timestamp?
    var to: Timestamp?

    init(_ input: ListAuditLogs.Input) {
        (actor, action, targetType, targetID) = (input.actor, input.action, input.targetType, input.targetID)
        (result, runID, reconcileID, from, to) = (input.result, input.runID, input.reconcileID, input.from, input.to)
        instanceID = input.instanceID
    }

    init(_ input: ExportAuditLogs.Input) {
        (actor, action, targetType, targetID) = (input.actor, input.action, input.targetType, input.targetID)
        (result, runID, reconcileID, from, to) = (input.result, input.runID, input.reconcileID, input.from, input.to)
        instanceID = input.instanceID
    }
}

extension Query where Result == [ListAuditLogsRow] {
    fileprivate static func listAuditLogs(_ filter: AuditFilter, after: (Timestamp, Int)?, limit: Int, offset: Int)
        -> Self
    {
        listAuditLogs(
            actor: filter.actor,
            action: filter.action,
            targetType: filter.targetType,
            targetID: filter.targetID,
            instanceID: filter.instanceID,
            result: filter.result,
            runID: filter.runID,
            reconcileID: filter.reconcileID,
            from: filter.from,
            to: filter.to,
            afterTime: after?.0,
            afterOrdinal: after?.1,
            limit: limit,
            offset: offset
        )
    }
}

extension Query where Result == Int {
    fileprivate static func countAuditLogs(_ filter: AuditFilter) -> Self {
        countAuditLogs(
            actor: filter.actor,
            action: filter.action,
            targetType: filter.targetType,
            targetID: filter.targetID,
            instanceID: filter.instanceID,
            result: filter.result,
            runID: filter.runID,
            reconcileID: filter.reconcileID,
            from: filter.from,
            to: filter.to,
            most: Total.most
        )
    }
}

extension AuditEntry {
    fileprivate init(_ row: ListAuditLogsRow) {
        self.init(
            auditID: row.auditID,
            actor: row.actor,
            action: row.action,
            targetType: row.targetType,
            targetID: row.targetID,
            result: row.result,
            details: row.details,
            timestamp: row.ts,
            runID: row.runID.flatMap { UUID(uuidString: $0) },
            reconcileID: row.reconcileID.flatMap { UUID(uuidString: $0) },
            ordinal: row.ordinal
        )
    }
}
