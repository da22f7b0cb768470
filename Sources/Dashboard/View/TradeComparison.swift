import ContractRuntime
import Generated

/// Groups of trades as a table: one row for each key and currency, in a selected order.
///
/// Amounts of different currencies are not comparable, so an order by an amount keeps the rows of a currency together.
struct TradeComparison {
    struct Line {
        let name: String?
        let currency: String
        /// The number of open trades; nil for groups that have none by their nature.
        let open: Int?
        /// The profit that the open trades would yield now; nil if it is unknown.
        let openProfit: Decimal?
        /// The closed trades; nil if there are none.
        let closed: TradeSummary?

        init(_ item: TradeStatisticsItemsItem) {
            name = item.key
            currency = item.currency
            open = item.openTrades
            openProfit = item.unrealizedProfit
            closed = TradeSummary(item)
        }
    }

    /// The columns by which a table can be sorted; the raw value is that of the query parameter.
    enum Order: String {
        case name, open, openProfit = "open-profit", trades, rate, profit, fees, factor, volume, best, worst, duration

        /// Whether a click on the column shows the smallest value first.
        var isAscendingFirst: Bool { self == .name }
    }

    private(set) var lines: [Line]
    private let order: Order?
    private let isReversed: Bool

    /// Creates the rows.
    ///
    /// - Parameter sort: An order, such as `profit`, or `-profit` for the reverse; otherwise the order of the statistics.
    init(_ statistics: TradeStatistics, sort: String?) {
        isReversed = sort?.hasPrefix("-") == true
        order = sort.flatMap { Order(rawValue: String($0.drop { $0 == "-" })) }
        lines = statistics.items.map(Line.init)
        if let order { lines = Self.sorted(lines, by: order, isReversed: isReversed) }
    }

    // MARK: - Order

    private static func sorted(_ lines: [Line], by order: Order, isReversed: Bool) -> [Line] {
        let isAscending = order.isAscendingFirst != isReversed
        func sorted<Value: Comparable>(_ value: (Line) -> Value?, perCurrency: Bool = false) -> [Line] {
            let keyed = lines.enumerated().map { (place: $0, line: $1, value: value($1)) }
            return keyed.sorted { first, second in
                let (one, other) = (first.line.currency, second.line.currency)
                if perCurrency, !one.hasSameScalars(as: other) { return one < other }
                switch (first.value, second.value) {
                case (let a?, let b?) where a != b: return isAscending ? a < b : a > b
                // Unknown values are last in both orders.
                case (_?, nil): return true
                case (nil, _?): return false
                default: return first.place < second.place
                }
            }.map { $0.line }
        }
        switch order {
        case .name: return sorted { $0.name }
        case .open: return sorted { $0.open }
        case .openProfit: return sorted({ $0.openProfit }, perCurrency: true)
        case .trades: return sorted { $0.closed?.trades ?? 0 }
        case .rate: return sorted { $0.closed?.winRate }
        case .factor: return sorted { $0.closed?.profitFactor }
        case .duration: return sorted { $0.closed?.averageSeconds }
        case .profit: return sorted({ $0.closed?.profit }, perCurrency: true)
        case .fees: return sorted({ $0.closed?.fees }, perCurrency: true)
        case .volume: return sorted({ $0.closed?.volume }, perCurrency: true)
        case .best: return sorted({ $0.closed?.best }, perCurrency: true)
        case .worst: return sorted({ $0.closed?.worst }, perCurrency: true)
        }
    }

    // MARK: - Table

    private static let titles: [(title: String, order: Order)] = [
        ("Closed", .trades), ("Win rate", .rate), ("Profit", .profit), ("Fees", .fees), ("Profit factor", .factor),
        ("Volume", .volume), ("Best", .best), ("Worst", .worst), ("Average duration", .duration),
    ]

    /// The columns of the figures of closed trades, without an order.
    static var figureColumns: [Table.Column] { titles.map { Table.Column($0.title, isNumeric: true) } }

    func columns(_ group: TradeGroup, _ query: Fields) -> [Table.Column] {
        func column(_ title: String, _ own: Order, isNumeric: Bool = true) -> Table.Column {
            let isCurrent = own == order
            let sort = isCurrent && !isReversed ? "-\(own.rawValue)" : own.rawValue
            let isAscending = own.isAscendingFirst != isReversed
            return Table.Column(
                title,
                isNumeric: isNumeric,
                href: "/trades?\(query.with("sort", sort).with("group_page", nil).text)",
                order: isCurrent ? (isAscending ? "ascending" : "descending") : nil
            )
        }
        return [column(group.title, .name, isNumeric: false), Table.Column("Currency")]
            + (group.hasOpenTrades ? [column("Open", .open), column("Open profit", .openProfit)] : [])
            + Self.titles.map { column($0.title, $0.order) }
    }

    func row(_ line: Line, _ group: TradeGroup, _ query: Fields) -> Row {
        let open = [
            line.open.map { Cell.count($0) } ?? .number("—"), .money(line.openProfit, line.currency, signed: true),
        ]
        let cells = line.closed?.cells ?? [.count(0)] + Array(repeating: .number("—"), count: Self.titles.count - 1)
        return Row(
            key: "\(line.currency) \(line.name ?? "")",
            cells: [.id(line.name ?? "—", href: Self.href(line.name, group, query)), .text(line.currency)]
                + (group.hasOpenTrades ? open : []) + cells
        )
    }

    /// The page that shows a group: a bot, or the trades of an instance or a symbol.
    private static func href(_ name: String?, _ group: TradeGroup, _ query: Fields) -> String? {
        guard let name else { return nil }
        let first = query.with("page", nil).with("open_page", nil).with("group_page", nil)
        switch group {
        case .bot: return "/bots/\(PercentEncoding.encode(name))"
        case .instance: return "/trades?\(first.with("instance_id", name).with("bot_id", nil).text)"
        case .symbol: return "/trades?\(first.with("symbol", name).text)"
        case .day, .week, .month, .strategy, .account, .exitReason: return nil
        }
    }
}

extension TradeSummary {
    private var duration: String { Figures.duration(seconds: Int(saturating: averageSeconds)) }

    private var factor: String { profitFactor.map { Figures.decimal($0) } ?? "—" }

    private var rate: String { winRate.map { Figures.percent($0) } ?? "—" }

    /// The cells below `TradeComparison.figureColumns`.
    var cells: [Cell] {
        [
            .number(Figures.count(trades), note: outcome), .number(rate), .money(profit, currency, signed: true),
            .money(fees, currency), .number(factor, note: reasonWithoutFactor), .money(volume, currency),
            .money(best, currency, signed: true), .money(worst, currency, signed: true), .number(duration),
        ]
    }

    /// The same as large numbers.
    var figures: [Block.Figure] {
        func amount(_ label: String, _ value: Decimal?, signed: Bool = true, note: String? = nil) -> Block.Figure {
            let tone = value.map { Figures.tone($0) } ?? ""
            return Block.Figure("\(label), \(currency)", Figures.amount(value, signed: signed), note: note, tone: tone)
        }
        return [
            Block.Figure("Closed trades, \(currency)", Figures.count(trades), note: "average duration \(duration)"),
            Block.Figure("Win rate", rate, note: outcome), amount("Profit", profit),
            amount("Fees", fees, signed: false, note: "volume \(Cell.money(volume, currency).text ?? "—")"),
            Block.Figure("Profit factor", factor, note: reasonWithoutFactor ?? "gross profit ÷ gross loss"),
            amount("Best trade", best), amount("Worst trade", worst),
        ]
    }
}

extension TradeGroup {
    /// Whether open trades have the key. Those of an end are known only after the closing.
    var hasOpenTrades: Bool {
        switch self {
        case .symbol, .strategy, .bot, .instance, .account: true
        case .day, .week, .month, .exitReason: false
        }
    }
}
