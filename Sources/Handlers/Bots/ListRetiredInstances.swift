public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func listRetiredInstances(
        _ input: ListRetiredInstances.Input
    ) async throws(Problem) -> ListRetiredInstances.Output {
        let page = try Page<Timestamp, String>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let (rows, total) = try await readPrimary(
            .listRetiredInstances(
                instanceID: input.instanceID,
                q: input.q,
                afterTime: page.after?.0,
                afterID: page.after?.1,
                limit: page.limit,
                offset: page.offset
            ),
            .countRetiredInstances(instanceID: input.instanceID, q: input.q)
        )
        return .ok(
            RetiredInstancePage(
                page: page.number,
                pageSize: page.size,
                total: total,
                items: page.items(rows).map { RetiredInstance($0) },
                nextCursor: page.next(rows) { ($0.retiredAt, $0.instanceID) }
            )
        )
    }
}

extension RetiredInstance {
    /// Converts a database row.
    init(_ row: ListRetiredInstancesRow) {
        self.init(
            instanceID: row.instanceID,
            botID: row.botID,
            retiredAt: row.retiredAt,
            retiredBy: row.retiredBy,
            reason: row.reason,
            isBeingDeleted: row.isBeingDeleted,
            runtimeMode: row.runtimeMode,
            exchange: row.exchange,
            symbol: row.symbol,
            version: row.version,
            lastSeen: row.lastSeen,
            firstSeen: row.firstSeen
        )
    }
}
