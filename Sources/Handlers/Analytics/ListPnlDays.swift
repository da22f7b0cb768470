public import ContractRuntime
public import Generated

extension API {
    public func listPnlDays(_ input: ListPnlDays.Input) async throws(Problem) -> ListPnlDays.Output {
        let (rows, time) = try await readPrimary(
            .pnlDays(
                mode: input.mode,
                currency: input.currency,
                books: configuration.books.currency,
                days: input.days
            ),
            .performanceTime()
        )
        return .ok(PnlDayList(generatedAt: .now, asOf: time, items: rows.compactMap(PnlDay.init)))
    }

    public func explainPnlDay(_ input: ExplainPnlDay.Input) async throws(Problem) -> ExplainPnlDay.Output {
        let page = try Page<String, String>(number: input.page, size: input.pageSize, cursor: nil)
        let day = input.day.stored
        let (rows, counted) = try await readPrimary(
            .pnlDay(
                day: day,
                mode: input.mode,
                currency: input.currency,
                books: configuration.books.currency,
                limit: page.size,
                offset: page.offset
            ),
            .countPnlDay(
                day: day,
                mode: input.mode,
                currency: input.currency,
                books: configuration.books.currency
            )
        )
        return .ok(
            PnlDayPage(
                generatedAt: .now,
                asOf: counted.asOf,
                page: page.number,
                pageSize: page.size,
                total: counted.count,
                items: rows.map(PnlDayPart.init)
            )
        )
    }
}

extension PnlDay {
    /// Nil never happens: PostgreSQL writes dates as `CalendarDate` reads them.
    fileprivate init?(_ row: PnlDaysRow) {
        guard let day = CalendarDate(row.day) else { return nil }
        self.init(
            day: day,
            currency: row.currency.isEmpty ? nil : row.currency,
            realized: row.realized,
            unrealized: row.unrealized,
            fees: row.fees,
            funding: row.funding,
            netPnl: row.net
        )
    }
}

extension PnlDayPart {
    fileprivate init(_ row: PnlDayRow) {
        self.init(
            instanceID: row.instanceID,
            botID: row.botID,
            runtimeMode: row.runtimeMode,
            currency: row.currency.isEmpty ? nil : row.currency,
            realized: row.realized,
            unrealized: row.unrealized,
            fees: row.fees,
            funding: row.funding,
            netPnl: row.net
        )
    }
}
