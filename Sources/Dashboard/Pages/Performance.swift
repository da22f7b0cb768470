import ContractRuntime
import Generated

// The money of the fleet, and the performance of its instances.

extension Dashboard {
    /// The equity and the net PnL in each currency, and their sum in the reporting currency.
    static func money(_ performance: FleetPerformance, _ mode: RuntimeMode?, _ reporting: ReportingCurrency) -> Block {
        let days = Fields(of: [("tab", "days"), ("mode", mode?.rawValue)])
        let today = "/analytics?\(days.with("day", String("\(Timestamp.now)".prefix(10))).text)"
        var rows = performance.byCurrency.map { part in
            Row(
                key: part.currency ?? "",
                cells: [
                    .text(part.currency ?? "no currency"), .amount(part.equity),
                    .amount(part.netPnlToday, signed: true).linked(to: today),
                    .amount(part.netPnlWeek, signed: true), .share(part.drawdownDay),
                ]
            )
        }
        rows += performance.total(in: reporting)
        let table = Table(
            caption: "Money by currency",
            columns: [
                .init("Currency"), .init("Equity", isNumeric: true), .init("NetPnL today", isNumeric: true),
                .init("NetPnL, 7 days", isNumeric: true), .init("Drawdown, 24 h", isNumeric: true),
            ],
            rows: rows,
            empty: Table.Empty(text: "No equity, profit or cost reported")
        )
        return Block(
            "money",
            mode == nil ? "Money, every mode" : "Money, live",
            asOf: performance.asOf,
            note: "days begin at 00:00Z ·",
            more: Block.Link(text: "NetPnL by day", href: "/analytics?\(days.text)"),
            .table(table.labelled())
        )
    }

    /// The instances with the lowest or highest figure.
    static func league(_ page: InstancePage, _ ranking: Ranking, _ mode: RuntimeMode?) -> Block {
        let table = Table(
            caption: "Performance by instance",
            columns: Instance.performanceColumns.map { title, sort in
                sort.map { ranking.column(title, $0) } ?? Table.Column(title)
            },
            rows: page.items.map(\.performanceRow),
            empty: Table.Empty(text: "No instances have reported yet")
        )
        let all = Fields(of: [("runtime_mode", mode?.rawValue)]).and(ranking.query)
        return Block(
            "league",
            mode == nil ? "Performance" : "Performance, live",
            asOf: page.items.first?.performanceAsOf,
            note: "\(Figures.count(page.items.count)) of \(Figures.count(page.total)) instances ·",
            more: Block.Link(text: "All instances", href: "/bots?\(all.text)"),
            .table(table.labelled())
        )
    }
}

extension Instance {
    /// The titles of the columns of `performanceRow`, and the orders that they stand for.
    static var performanceColumns: [(title: String, sort: ListInstancesSort?)] {
        [
            ("Status", .worst), ("Bot", .bot), ("NetPnL today", .netPnlToday), ("NetPnL, 7 days", .netPnlWeek),
            ("Return today", .returnToday), ("Drawdown", .drawdown), ("Equity", .equity), ("Equity, 24 h", nil),
            ("Gross exposure", .grossExposure), ("Slippage, bps", .slippage),
        ]
    }

    /// The figures as a row.
    var performanceRow: Row {
        Row(
            key: instanceID,
            href: page,
            cells: [
                .status(displayStatus), .id(botID, href: page, note: instanceID),
                .amount(netPnlToday, in: currency, signed: true), .amount(netPnlWeek, in: currency, signed: true),
                .share(returnToday, signed: true), .share(drawdown), .amount(equity, in: currency),
                Sparkline(equityDay).map { Cell(spark: $0) } ?? .unknown, .grossExposure(exposures),
                slippageBps.map { .number(Figures.decimal($0)) } ?? .unknownNumber,
            ]
        )
    }
}

extension FleetPerformance {
    /// The row of the sums, with their rates or why there are none; empty if there is only the reporting currency.
    fileprivate func total(in reporting: ReportingCurrency) -> [Row] {
        func total(_ amount: (PerformanceInCurrency) -> Decimal?) -> ReportingCurrency.Total {
            reporting.total(byCurrency.compactMap { part in amount(part).map { (part.currency, $0) } })
        }
        let isOther = byCurrency.first?.currency?.hasSameScalars(as: reporting.name ?? "") == false
        guard byCurrency.count > 1 || (byCurrency.count == 1 && reporting.name != nil && isOther) else { return [] }
        let totals = [total(\.equity), total(\.netPnlToday), total(\.netPnlWeek)]
        let reason = totals.first { $0.amount == nil && $0.note != nil }?.note
        let cells = zip(totals, [false, true, true]).map { Cell.amount($0.amount, signed: $1) }
        let title = Cell.text(
            "Total\(reporting.name.map { ", \($0)" } ?? "")",
            note: reason ?? totals.compactMap(\.note).max { $0.utf8.count < $1.utf8.count }
        )
        return [Row(key: "total", cells: [title] + cells + [.unknownNumber])]
    }
}

extension Cell {
    /// The cell as a link.
    fileprivate func linked(to page: String) -> Cell {
        var cell = self
        cell.href = page
        return cell
    }

    /// An amount with its currency.
    static func amount(_ value: Decimal?, in currency: String?, signed: Bool = false) -> Cell {
        var cell = Cell.amount(value, signed: signed)
        if value != nil { cell.note = currency }
        return cell
    }

    /// A fraction as a percentage.
    static func share(_ fraction: Double?, signed: Bool = false) -> Cell {
        guard let fraction else { return .unknownNumber }
        let sign = signed && fraction > 0 ? "+" : ""
        return .number(sign + Figures.percent(fraction), tone: signed && fraction < 0 ? "bad-text" : "")
    }
}
