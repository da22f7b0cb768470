public import ContractRuntime
public import Generated
import Postgres

extension API {
    /// The maximum number of findings of a comparison.
    private static let findingLimit = 1_000

    public func compareBooks(_ input: CompareBooks.Input) async throws(Problem) -> CompareBooks.Output {
        let report = input.body
        try await require(input.principal, actsFor: report.instanceID)
        let now = try await requireNotAhead(report.timestamp)
        guard try await readPrimary(.isInstance(instanceID: report.instanceID)) else { throw .instanceNotFound }
        let findings = try await run(
            .compareBooks(
                instanceID: report.instanceID,
                ts: report.timestamp,
                orders: report.orders.map(Self.items),
                trades: report.trades.map(Self.items),
                fills: report.fills.map { Self.items($0.items) },
                fillsFrom: report.fills?.from,
                fillsTo: report.fills?.to,
                balances: report.balances.map(Self.items),
                limit: Self.findingLimit.addingSaturated(1)
            )
        )
        if !findings.isEmpty { await deliverNotifications(within: Self.firstTry) }
        return .ok(
            BookComparison(
                instanceID: report.instanceID,
                comparedAt: now,
                findings: findings.prefix(Self.findingLimit).map(BookFinding.init),
                isComplete: findings.count <= Self.findingLimit
            )
        )
    }

    /// The records as the statement reads them.
    private static func items<Record: JSONWritable>(_ records: [Record]) -> JSONObject {
        JSONObject { $0.member("items", records) }
    }
}

extension BookFinding {
    init(_ row: BookFindingRow) {
        self.init(
            findingID: row.findingID,
            instanceID: row.instanceID,
            object: row.object,
            id: row.id,
            difference: row.difference,
            symbol: row.symbol,
            booked: row.booked,
            reported: row.reported,
            firstAt: row.firstAt,
            lastAt: row.lastAt,
            resolvedAt: row.resolvedAt
        )
    }
}
