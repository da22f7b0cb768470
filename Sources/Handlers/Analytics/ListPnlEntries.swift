public import ContractRuntime
public import Generated

extension API {
    public func listPnlEntries(_ input: ListPnlEntries.Input) async throws(Problem) -> ListPnlEntries.Output {
        let page = try Page<String, String>(number: input.page, size: input.pageSize, cursor: nil)
        let books = configuration.books.currency
        let (rows, sums) = try await readPrimary(
            .listPnlEntries(
                day: input.day.stored,
                kind: input.kind,
                mode: input.mode,
                currency: input.currency,
                instanceID: input.instanceID,
                books: books,
                limit: page.size,
                offset: page.offset
            ),
            .sumPnlEntries(
                day: input.day.stored,
                kind: input.kind,
                mode: input.mode,
                currency: input.currency,
                instanceID: input.instanceID,
                books: books,
                most: Total.most
            )
        )
        let total = Total(counted: sums.first?.counted ?? 0)
        return .ok(
            PnlEntryPage(
                generatedAt: .now,
                asOf: sums.first?.asOf,
                page: page.number,
                pageSize: page.size,
                total: total.count,
                totalIsExact: total.isExact,
                sums: sums.compactMap(PnlEntryPageSumsItem.init),
                items: rows.map(PnlEntry.init)
            )
        )
    }
}

extension PnlEntryPageSumsItem {
    /// Nil for the row that only has the time.
    fileprivate init?(_ row: SumPnlEntriesRow) {
        guard let currency = row.currency, let amount = row.amount else { return nil }
        self.init(currency: currency.isEmpty ? nil : currency, amount: amount, entriesAmount: row.entriesAmount)
    }
}

extension PnlEntry {
    fileprivate init(_ row: ListPnlEntriesRow) {
        self.init(
            instanceID: row.instanceID,
            botID: row.botID,
            runtimeMode: row.runtimeMode,
            symbol: row.symbol.isEmpty ? nil : row.symbol,
            currency: row.currency.isEmpty ? nil : row.currency,
            amount: row.amount,
            timestamp: row.ts,
            value: row.value,
            previous: row.previous,
            fxRate: row.fxRate,
            ordinal: row.ordinal,
            entryID: row.entryID
        )
    }
}
