import ContractRuntime
import Generated

// The net PnL by day, and the instances that changed it on a day.

extension Dashboard {
    /// The ranges of the days, the longest first: that of the calendar.
    static var pnlRange: FilterBar.Filter {
        FilterBar.Filter.view(
            "range",
            "Range",
            [("1y", "1 year"), ("90d", "90 days"), ("30d", "30 days")],
            standard: "1y"
        )
    }

    /// The number of days of a range.
    private static func pnlDayCount(_ range: String?) -> Int {
        switch range {
        case "30d": 30
        case "90d": 90
        default: 371
        }
    }

    /// The tab *NetPnL by day*; with the query parameter `day`, that day.
    func pnlDays(_ bar: FilterBar, _ rates: FxRateList, _ request: WebRequest) async throws(Problem) -> [Block] {
        let filter = bar.fields("mode", "currency")
        if let day = request.query["day"] {
            if let kind = request.query["kind"].flatMap(PnlKind.init(rawValue:)) {
                return try await pnlEntries(kind, day, bar, request)
            }
            return try await pnlDay(day, filter, ReportingCurrency(bar["in"], rates), request)
        }
        let count = Self.pnlDayCount(bar["range"])
        let list = try await api.listPnlDays(input(request, filter.with("days", "\(count)"))).body
        let tab = bar.query.with("range", nil)
        let currencies = Dictionary(grouping: list.items) { ExactText($0.currency ?? "") }
        let calendars = currencies.keys.sorted { $0.text < $1.text }.prefix(Figures.mostCurrencies).map { name in
            let days = (currencies[name] ?? []).map { (day: $0.day, value: $0.netPnl.approximate) }
            let unit = name.text.isEmpty ? "no currency" : name.text
            return Block(
                "calendar-\(name.text.isEmpty ? "none" : PercentEncoding.encode(name.text))",
                "NetPnL by day, \(unit)",
                asOf: list.asOf,
                note: "days begin at 00:00Z ·",
                .chart(Chart.calendar("NetPnL by day, \(unit)", days, now: list.generatedAt))
            )
        }
        let table = Table(
            caption: "NetPnL by day",
            columns: [.init("Day")] + Self.pnlColumns("Currency"),
            rows: list.items.prefix(100).map { item in
                Row(
                    key: "\(item.day) \(item.currency ?? "")",
                    cells: [
                        Cell(text: "\(item.day)", href: "/analytics?\(tab.with("day", "\(item.day)").text)"),
                        .text(item.currency),
                    ] + Self.pnlCells(item.realized, item.unrealized, item.fees, item.funding, item.netPnl)
                )
            },
            empty: Table.Empty(text: "NetPnL has not changed in this range")
        )
        return calendars + [
            Block(
                "days",
                "Days",
                asOf: list.asOf,
                note: list.items.count > 100 ? "the newest 100 of \(Figures.count(list.items.count)) rows ·" : nil,
                .table(table.labelled().aligned())
            )
        ]
    }

    private func pnlDay(_ text: String, _ filter: Fields, _ reporting: ReportingCurrency, _ request: WebRequest)
        async throws(Problem) -> [Block]
    {
        let paged = filter.with("page", request.query["page"]).with("page_size", "100")
        let page = try await api.explainPnlDay(input(request, paged, path: [text])).body
        let charts = try await waterfalls(text, filter, reporting, request)
        var table = Table(
            caption: "Instances on \(text)",
            columns: [.init("Instance"), .init("Mode")] + Self.pnlColumns("Currency") + [.init("Entries")],
            rows: page.items.map { part in
                let path = part.botID.map { bot in
                    "/bots/\(PercentEncoding.encode(bot))/\(PercentEncoding.encode(part.instanceID))"
                }
                let entries = Form(
                    action: path ?? "",
                    method: "get",
                    shape: "inline",
                    buttons: [("Trades", "trades"), ("Costs", "costs")].map {
                        Form.Button($0, name: "tab", value: $1, look: "small")
                    }
                )
                return Row(
                    key: "\(part.instanceID) \(part.currency ?? "")",
                    href: path,
                    cells: [
                        .id(part.instanceID, href: path, note: part.botID), .mode(part.runtimeMode.rawValue),
                        .text(part.currency),
                    ] + Self.cells(of: part, text, filter) + [Cell(forms: path == nil ? [] : [entries])]
                )
            },
            empty: Table.Empty(text: "No instance changed its NetPnL on this day")
        )
        table.pages = Table.Pages(
            "/analytics",
            filter.with("tab", "days").with("day", text),
            page: page.page,
            size: page.pageSize,
            total: page.total
        )
        let all = Block.Link(text: "All days", href: "/analytics?\(filter.with("tab", "days").text)")
        return charts + [
            Block(
                "instances",
                "Instances on \(text)",
                asOf: page.asOf,
                note: "the lowest NetPnL first ·",
                more: all,
                .table(table.labelled().aligned())
            )
        ]
    }

    /// The amounts of an instance, each with a link to its entries.
    private static func cells(of part: PnlDayPart, _ day: String, _ filter: Fields) -> [Cell] {
        let kinds: [(kind: PnlKind, amount: Decimal)] = [
            (.realized, part.realized), (.unrealized, part.unrealized), (.fee, part.fees), (.funding, part.funding),
        ]
        var cells = pnlCells(part.realized, part.unrealized, part.fees, part.funding, part.netPnl)
        for (place, (kind, amount)) in kinds.enumerated() where amount != Decimal(0) && place < cells.count {
            cells[place].href = pnlEntries(day, kind, in: part.currency, of: part.instanceID, filter)
        }
        return cells
    }
}
