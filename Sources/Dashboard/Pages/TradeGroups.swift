import ContractRuntime
import Generated

// The statistics of trades on the page of trades.

extension Dashboard {
    /// The maximum number of currencies with figures and a chart; a table has the totals of more.
    private static var currenciesDrawn: Int { 3 }
    /// The number of groups per page.
    private static var groupsShown: Int { 50 }

    /// The totals per currency, and the groups of the selected key.
    func figures(_ filter: Fields, _ query: Fields, _ request: WebRequest) async throws(Problem) -> [Block] {
        let range = TradeRange(named: query["range"])
        let recent = filter.with("from", "\(range.start())")
        let group = query["group"].flatMap(TradeGroup.init(rawValue:)) ?? .day
        let days = try await api.getTradeStatistics(
            input(request, recent.with("group_by", TradeGroup.day.rawValue))
        ).body
        let groups =
            group == .day
            ? days : try await api.getTradeStatistics(input(request, recent.with("group_by", group.rawValue))).body
        let table = Self.groupTable(TradeComparison(groups, sort: query["sort"]), group, query)
        let limit = groups.isComplete ? nil : "only the first \(Figures.count(groups.items.count)) groups"
        let note = [limit, "closed since \(Moment(groups.from).text)"].compactMap(\.self).joined(separator: " · ")
        return Self.totals(days, range) + (group == .day ? Self.charts(days) : []) + [
            Block(
                "groups",
                "By \(group.text)",
                asOf: groups.generatedAt,
                note: "\(note) ·",
                choices: TradeGroup.allCases.map { choice in
                    let href = "/trades?\(query.with("group", choice.rawValue).with("group_page", nil).text)"
                    return PageView.Tab(text: choice.title, href: href, isCurrent: choice == group)
                },
                .table(table)
            )
        ]
    }

    /// The totals of each currency. Amounts of different currencies are never added.
    private static func totals(_ days: TradeStatistics, _ range: TradeRange) -> [Block] {
        guard days.isComplete else {
            let text = "Totals are unknown: the trades have too many days and currencies. Select fewer trades."
            return [Block("totals", shape: "banner", .text(text))]
        }
        let totals = TradeSummary.totals(of: days.items)
        if totals.isEmpty {
            return [Block("totals", "Totals", asOf: days.generatedAt, .text("No trades closed in \(range.text)"))]
        }
        if totals.count > currenciesDrawn {
            let table = Table(
                caption: "Totals by currency",
                columns: [.init("Currency")] + TradeComparison.figureColumns,
                rows: totals.map { Row(key: $0.currency, cells: [.text($0.currency)] + $0.cells) }
            )
            return [Block("totals", "Totals by currency", asOf: days.generatedAt, .table(table.labelled().aligned()))]
        }
        return totals.enumerated().map { place, total in
            Block("totals-\(place)", shape: "plain", asOf: days.generatedAt, .figures(total.figures))
        }
    }

    /// A chart of the profit per day for each currency.
    private static func charts(_ statistics: TradeStatistics) -> [Block] {
        let days = statistics.days
        return TradeSummary.totals(of: statistics.items).prefix(currenciesDrawn).enumerated().compactMap {
            place,
            total in
            var values: [ExactText: Decimal] = [:]
            for item in statistics.items where item.currency.hasSameScalars(as: total.currency) {
                if let key = item.key { values[ExactText(key)] = item.profit }
            }
            let title = "Profit by day, \(total.currency)"
            let note =
                "days in UTC" + (total.profit == nil ? " · no bar if a profit of the day is not reported ·" : " ·")
            return Chart.days("profit-\(place)-chart", title, days, values).map { chart in
                Block("profit-\(place)", title, asOf: statistics.generatedAt, note: note, .chart(chart))
            }
        }
    }

    private static func groupTable(_ comparison: TradeComparison, _ group: TradeGroup, _ query: Fields) -> Table {
        let page = max(query["group_page"].flatMap(Int.init) ?? 1, 1)
        let lines = comparison.lines
        let shown = lines.dropFirst(page.subtractingSaturated(1).multipliedSaturated(by: groupsShown))
        var table = Table(
            caption: "Trades by \(group.text)",
            columns: comparison.columns(group, query),
            rows: shown.prefix(groupsShown).map { comparison.row($0, group, query) },
            empty: Table.Empty(text: "No matching trades")
        )
        table.pages = Table.Pages(
            "/trades",
            query,
            page: page,
            size: groupsShown,
            total: lines.count,
            parameter: "group_page"
        )
        return table.labelled().aligned()
    }
}

extension TradeStatistics {
    /// The UTC days of the range, such as `2026-03-01`.
    fileprivate var days: [String] {
        let count = Int(max(from.microseconds(until: to), 0) / 86_400_000_000)
        // A range that does not begin at midnight touches one more day.
        let last = String("\(to)".prefix(10))
        let days = (0...min(count, 400)).map { String("\(from.adding(seconds: Int64($0) * 86_400))".prefix(10)) }
        return days.last.map { $0 < last } == true ? days + [last] : days
    }
}

extension TradeGroup {
    /// The key as a word in a sentence.
    var text: String {
        switch self {
        case .symbol: "symbol"
        case .day: "day"
        case .week: "week"
        case .month: "month"
        case .strategy: "strategy"
        case .bot: "bot"
        case .instance: "instance"
        case .account: "account"
        case .exitReason: "exit reason"
        }
    }

    /// The key as a title.
    var title: String { text.prefix(1).uppercased() + text.dropFirst() }
}
