public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func explainNetPnl(_ input: ExplainNetPnl.Input) async throws(Problem) -> ExplainNetPnl.Output {
        let page = try Page<String, String>(number: input.page, size: input.pageSize, cursor: nil)
        let books = configuration.books.currency
        let rows = try await read(.netPnlParts(input, books: books, limit: page.size, offset: page.offset))
        // A page after the last one has no row with the total.
        var total = rows.first?.total
        if total == nil { total = try await read(.netPnlParts(input, books: books, limit: 1, offset: 0)).first?.total }
        return .ok(
            NetPnlExplanation(
                page: page.number,
                pageSize: page.size,
                total: total ?? 0,
                items: rows.map(NetPnlPart.init)
            )
        )
    }
}

extension Query where Result == [NetPnlPartsRow] {
    fileprivate static func netPnlParts(
        _ input: ExplainNetPnl.Input,
        books: String?,
        limit: Int,
        offset: Int
    ) -> Self {
        netPnlParts(
            instanceID: input.instanceID,
            symbol: input.symbol,
            mode: input.mode,
            currency: input.currency,
            books: books,
            limit: limit,
            offset: offset
        )
    }
}

extension NetPnlPart {
    fileprivate init(_ row: NetPnlPartsRow) {
        self.init(
            instanceID: row.instanceID,
            symbol: row.symbol,
            runtimeMode: row.runtimeMode,
            currency: row.currency.isEmpty ? nil : row.currency,
            realized: row.realized,
            realizedAt: row.realizedAt,
            unrealized: row.unrealized,
            unrealizedAt: row.unrealizedAt,
            fees: row.fees,
            feeEntries: row.feeEntries,
            funding: row.funding,
            fundingEntries: row.fundingEntries,
            netPnl: row.net
        )
    }
}
