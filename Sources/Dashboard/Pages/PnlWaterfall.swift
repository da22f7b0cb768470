import ContractRuntime
import Generated

// How the net PnL of a day is composed, down to the entries.

extension PnlKind {
    var text: String {
        switch self {
        case .realized: "Realised"
        case .unrealized: "Unrealised"
        case .fee: "Fees"
        case .funding: "Funding"
        }
    }

    /// Whether its entries are cost entries; the others are samples.
    fileprivate var isCost: Bool { self == .fee || self == .funding }
}

extension Dashboard {
    /// A link to the entries of a day that changed the net PnL by one kind.
    ///
    /// - Parameter filter: The filters of the page.
    static func pnlEntries(
        _ day: String,
        _ kind: PnlKind,
        in currency: String?,
        of instance: String? = nil,
        _ filter: Fields
    ) -> String {
        let query = filter.with("tab", "days").with("day", day).with("kind", kind.rawValue)
        let narrow = currency.map { query.with("currency", $0) } ?? query
        return "/analytics?\(instance.map { narrow.with("instance_id", $0) }?.text ?? narrow.text)"
    }

    /// A waterfall for each currency, whose bars lead to their entries, and the sum in the reporting currency.
    func waterfalls(_ day: String, _ filter: Fields, _ reporting: ReportingCurrency, _ request: WebRequest)
        async throws(Problem) -> [Block]
    {
        let waterfall = try await api.getPnlWaterfall(input(request, filter.with("day", day))).body
        let shown = waterfall.currencies.prefix(Figures.mostCurrencies)
        let rest = waterfall.currencies.dropFirst(shown.count).map(\.currency)
        return Self.total(waterfall, reporting)
            + shown.enumerated().map { place, part in
                let unit = part.currency ?? "no currency"
                let isLast = place == shown.count - 1
                return Block(
                    "day-\(part.currency.map { PercentEncoding.encode($0) } ?? "none")",
                    "\(day), \(unit)",
                    shape: shown.count > 1 ? "half" : "",
                    asOf: waterfall.asOf,
                    note: isLast && !rest.isEmpty ? "select a currency to see \(Figures.currencies(rest)) ·" : nil,
                    .chart(Self.waterfall(part, day, filter))
                )
            }
    }

    /// The net PnL of all currencies; nothing if there is only one that needs no rate.
    private static func total(_ waterfall: PnlWaterfall, _ reporting: ReportingCurrency) -> [Block] {
        let parts = waterfall.currencies.map { (currency: $0.currency, amount: $0.netPnl) }
        let total = reporting.total(parts)
        guard reporting.name != nil,
            parts.count > 1 || total.note?.hasSameScalars(as: parts.first?.currency ?? "") == false
        else { return [] }
        let note = total.amount == nil ? total.note : total.note.map { "\($0), the newest rates" }
        let label = "NetPnL of \(waterfall.day)\(reporting.name.map { ", \($0)" } ?? "")"
        return [
            Block(
                "total",
                shape: "plain",
                asOf: waterfall.asOf,
                .figures([
                    Block.Figure(
                        label,
                        Figures.amount(total.amount, signed: true),
                        note: note,
                        tone: total.amount.map { Figures.tone($0) } ?? ""
                    )
                ])
            )
        ]
    }

    private static func waterfall(_ part: PnlWaterfallCurrency, _ day: String, _ filter: Fields) -> Chart {
        let terms = part.changes.map { change in
            Chart.Term(
                name: change.kind.text,
                amount: change.amount,
                note: "\(Figures.count(change.instances)) \(change.instances == 1 ? "instance" : "instances")",
                href: change.instances > 0 ? pnlEntries(day, change.kind, in: part.currency, filter) : nil
            )
        }
        let unit = part.currency.map { ", \($0)" } ?? ""
        return Chart.waterfall("NetPnL of \(day)\(unit)", terms, total: Chart.Term(name: "NetPnL", amount: part.netPnl))
    }

    /// The entries of a day that changed the net PnL by one kind.
    func pnlEntries(_ kind: PnlKind, _ day: String, _ bar: FilterBar, _ request: WebRequest) async throws(Problem)
        -> [Block]
    {
        let filter = bar.fields("mode", "currency", "instance_id")
        let query = filter.with("day", day).with("kind", kind.rawValue).with("page", request.query["page"])
        let page = try await api.listPnlEntries(input(request, query.with("page_size", "100"))).body
        let back = Block.Link(
            text: "All of \(day)",
            href: "/analytics?\(bar.query.with("kind", nil).with("instance_id", nil).text)"
        )
        return [
            Block("sums", "\(kind.text), \(day)", asOf: page.asOf, more: back, .facts(Self.sums(page))),
            Block(
                "entries",
                "Entries",
                asOf: page.generatedAt,
                note: "\(Figures.count(page.total))\(page.totalIsExact ? "" : " or more") ·",
                .table(Self.entryTable(page, kind, bar.query))
            ),
        ]
    }

    /// The change of each currency, and whether the entries sum to it.
    private static func sums(_ page: PnlEntryPage) -> [Block.Fact] {
        if page.sums.isEmpty { return [Block.Fact("Change", .text("No changes of this kind"))] }
        return page.sums.map { sum in
            Block.Fact(
                "Change\(sum.currency.map { ", \($0)" } ?? "")",
                .text(Figures.amount(sum.amount, signed: true), note: sum.comparison)
            )
        }
    }

    private static func entryTable(_ page: PnlEntryPage, _ kind: PnlKind, _ query: Fields) -> Table {
        let columns: [Table.Column] =
            kind.isCost
            ? [.init("Reported", isNumeric: true), .init("Rate", isNumeric: true), .init("Entry")]
            : [.init("Value", isNumeric: true), .init("Previous value", isNumeric: true)]
        var table = Table(
            caption: "\(kind.text): entries",
            columns: [
                .init("Time"), .init("Instance"), .init("Mode"), .init("Symbol"), .init("Change", isNumeric: true),
                .init("Currency"),
            ] + columns,
            rows: page.items.enumerated().map { place, entry in
                let path = entry.botID.map { bot in
                    "/bots/\(PercentEncoding.encode(bot))/\(PercentEncoding.encode(entry.instanceID))"
                }
                let rest: [Cell] =
                    kind.isCost
                    ? [.amount(entry.value), .amount(entry.fxRate), .text(entry.entryID)]
                    : [.amount(entry.value), .amount(entry.previous)]
                return Row(
                    key: "\(page.page) \(place)",
                    href: path,
                    cells: [
                        .time(Moment(entry.timestamp)), .id(entry.instanceID, href: path, note: entry.botID),
                        .mode(entry.runtimeMode.rawValue), .text(entry.symbol), .amount(entry.amount, signed: true),
                        .text(entry.currency),
                    ] + rest
                )
            },
            empty: Table.Empty(text: "No entries")
        )
        table.pages = Table.Pages(
            "/analytics",
            query,
            page: page.page,
            size: page.pageSize,
            total: page.total
        )
        return table.labelled().aligned()
    }
}

extension PnlEntryPageSumsItem {
    /// How the sum of the entries relates to the noted change.
    fileprivate var comparison: String {
        guard let entriesAmount else { return "too many entries to sum here: select an instance" }
        if entriesAmount == amount { return "the sum of the entries below" }
        return
            "the entries below sum to \(Figures.amount(entriesAmount, signed: true)): reports have arrived since the "
            + "change was noted, or samples are no longer kept"
    }
}
