import ContractRuntime
import Generated

extension Dashboard {
    /// The number of groups per page.
    private static var exposuresShown: Int { 50 }

    /// The keys that group positions.
    private static var exposureGroups: [(value: String, text: String)] {
        [
            (ExposureGroup.symbol.rawValue, "Symbol"), (ExposureGroup.currency.rawValue, "Currency"),
            (ExposureGroup.exchange.rawValue, "Exchange"), (ExposureGroup.bot.rawValue, "Bot"),
        ]
    }

    /// The filters of positions. They are those of LIVE instances unless another mode is selected.
    private static func exposureFilters(_ rates: FxRateList, _ request: WebRequest) -> [FilterBar.Filter] {
        let filters: [FilterBar.Filter] = [
            FilterBar.Filter(
                name: "mode",
                label: "Mode",
                choices: RuntimeMode.allCases.map { ($0.rawValue, $0.rawValue) } + [("ALL", "All modes")],
                standard: RuntimeMode.live.rawValue,
                none: "ALL"
            ),
            .currency, .exchange, .bot, .symbol,
            .view("group", "Group by", exposureGroups, standard: ExposureGroup.symbol.rawValue),
        ]
        return filters + [.reporting(rates, request)].compactMap(\.self)
    }

    /// `/portfolio`: exposure by a key, and positions.
    func portfolio(_ request: WebRequest) async throws(Problem) -> PageView {
        let rates = try await api.listFxRates(input(request)).body
        let filters = Self.exposureFilters(rates, request)
        let bar = FilterBar("/portfolio", request, passing: ["page", "group_page"], filters)
        let reporting = ReportingCurrency(bar["in"], rates)
        let filter = bar.fields("mode", "currency", "exchange", "bot_id", "symbol")
        let groups = try await api.listExposureGroups(input(request, filter.with("group_by", bar["group"]))).body
        let listed = filter.with("page", request.query["page"]).with("page_size", "50")
        let held = try await api.listPositions(input(request, listed)).body
        let pages = bar.query.and(Fields(of: ["page", "group_page"].map { ($0, request.query[$0]) }))
        let title = "By \(Self.exposureGroups.first { $0.value == bar["group"] }?.text.lowercased() ?? "symbol")"
        let isNarrow = filter.pairs.contains { $0.name != "mode" }
        return PageView(
            title: "Portfolio",
            note: bar.note,
            blocks: [
                bar.block,
                Block(
                    "figures",
                    shape: "plain",
                    asOf: groups.generatedAt,
                    .figures(
                        isNarrow
                            ? groups.figures(in: reporting)
                            : try await fleetFigures(bar.fields("mode"), reporting, request)
                    )
                ),
                Block(
                    "groups",
                    title,
                    asOf: groups.generatedAt,
                    note: groups.isComplete ? nil : "the first \(Figures.count(groups.items.count)) groups ·",
                    .table(Self.exposureTable(groups, bar, pages))
                ),
                Block(
                    "positions",
                    "Positions",
                    asOf: held.generatedAt,
                    .table(Self.positionTable(held, "/portfolio", pages))
                ),
            ]
        )
    }

    /// The figures of all positions in a mode, converted where rates exist.
    private func fleetFigures(_ mode: Fields, _ reporting: ReportingCurrency, _ request: WebRequest)
        async throws(Problem) -> [Block.Figure]
    {
        let exposure = try await api.getExposure(input(request, mode)).body
        let (metrics, stale) = (exposure.keyMetrics, exposure.stale)
        return exposure.netFigures("Net exposure", in: reporting)
            + exposure.grossFigures("Gross exposure", in: reporting) + [
                Block.Figure("Positions", Figures.count(metrics.trackedPositions)),
                Block.Figure("Symbols", Figures.count(metrics.trackedSymbols)),
                Block.Figure(
                    "Positions of silent instances",
                    Figures.count(stale.positions),
                    note: Figures.exposure(stale.byCurrency).map { "\($0), part of the totals" },
                    tone: Figures.tone(stale.positions, "warn-text")
                ),
            ] + metrics.equityFigures(in: reporting)
    }

    private static func exposureTable(_ list: ExposureGroupList, _ bar: FilterBar, _ query: Fields) -> Table {
        let title = exposureGroups.first { $0.value == bar["group"] }?.text ?? ""
        let isOfCurrency = bar["group"] == ExposureGroup.currency.rawValue
        let name = bar["group"] == ExposureGroup.bot.rawValue ? "bot_id" : title.lowercased()
        let whole = Dictionary(list.totals.map { (ExactText($0.currency ?? ""), $0.grossExposure.approximate) }) {
            one,
            _ in one
        }
        var largest: [ExactText: Double] = [:]
        for line in list.items {
            let currency = ExactText(line.currency ?? "")
            largest[currency] = max(largest[currency] ?? 0, line.grossExposure.approximate)
        }
        let page = max(query["group_page"].flatMap(Int.init) ?? 1, 1)
        let shown = list.items.dropFirst(page.subtractingSaturated(1).multipliedSaturated(by: exposuresShown))
        var table = Table(
            caption: "Exposure by \(title.lowercased())",
            columns: (isOfCurrency ? [] : [Table.Column(title)]) + [
                .init("Currency"), .init("Net exposure", isNumeric: true), .init("Gross exposure", isNumeric: true),
                .init("Share of currency", isNumeric: true), .init("Net within gross"),
                .init("Positions", isNumeric: true),
                .init("Silent", isNumeric: true),
            ],
            rows: shown.prefix(exposuresShown).map { line in
                let currency = ExactText(line.currency ?? "")
                let all = whole[currency] ?? 0
                let href = line.key.map { "/portfolio?\(bar.query.with(name, $0).text)" }
                let key = line.key.map { Cell.id($0, href: href) } ?? .unknown
                let spark = Sparkline(
                    net: line.netExposure,
                    gross: line.grossExposure,
                    most: largest[currency] ?? 0,
                    unit: line.currency ?? "without a currency"
                )
                return Row(
                    key: "\(line.key ?? "") \(line.currency ?? "")",
                    cells: (isOfCurrency ? [key] : [key, .text(line.currency)]) + [
                        .exposed(line.netExposure), .exposed(line.grossExposure),
                        .number(all > 0 ? Figures.percent(line.grossExposure.approximate / all) : "—"),
                        Cell(spark: spark),
                        .count(line.positions), .count(line.stalePositions, tone: "warn-text"),
                    ]
                )
            },
            empty: Table.Empty(text: "No positions reported. Bots report them with POST /ingest/positions.")
        )
        table.pages = Table.Pages(
            "/portfolio",
            query,
            page: page,
            size: exposuresShown,
            total: list.items.count,
            parameter: "group_page"
        )
        return table.labelled().aligned()
    }

    static func positionTable(_ page: PositionPage, _ base: String, _ query: Fields) -> Table {
        var table = Table(
            caption: "Positions",
            columns: [
                .init("Symbol"), .init("Instance"), .init("Mode"), .init("Exchange"),
                .init("Net exposure", isNumeric: true), .init("Gross exposure", isNumeric: true), .init("Currency"),
                .init("Reported", isNumeric: true), .init("Freshness"),
            ],
            rows: page.items.map { position in
                let path =
                    "/bots/\(PercentEncoding.encode(position.botID))/\(PercentEncoding.encode(position.instanceID))"
                return Row(
                    key: "\(position.instanceID) \(position.symbol)",
                    href: path,
                    cells: [
                        .text(position.symbol), .id(position.instanceID, href: path, note: position.botID),
                        .mode(position.runtimeMode.rawValue), .text(position.exchange), .exposed(position.netExposure),
                        .exposed(position.grossExposure), .text(position.currency), .age(position.updatedAt),
                        position.isStale ? .icon(.warning, "stale") : .text("fresh"),
                    ]
                )
            },
            empty: Table.Empty(text: "No positions reported")
        )
        table.pages = Table.Pages(base, query, page: page.page, size: page.pageSize, total: page.total)
        return table.labelled().aligned()
    }

    /// The filters of comparisons.
    private static var reconcileFilters: [FilterBar.Filter] {
        [
            .view(
                "range",
                "History of the last",
                TradeRange.allCases.map { ($0.rawValue, $0.text) },
                standard: TradeRange.month.rawValue
            ),
            .cases("status", "Status", ReconcileStatus.self), .mode, .exchange, .bot, .instance,
        ]
    }

    /// `/reconciliation`: the newest comparison of each instance with the equity at its exchange, and the earlier ones.
    func reconciliation(_ request: WebRequest) async throws(Problem) -> PageView {
        let bar = FilterBar("/reconciliation", request, passing: ["page", "current_page"], Self.reconcileFilters)
        let filter = bar.fields("mode", "status", "exchange", "bot_id", "instance_id")
        let newest = filter.with("page", request.query["current_page"]).with("page_size", "50")
        let current = try await api.listCurrentReconciliations(input(request, newest)).body
        let range = TradeRange(named: bar["range"])
        let recent = filter.with("from", "\(range.start())").with("page", request.query["page"]).with("page_size", "50")
        let history = try await api.listReconcileResults(input(request, recent)).body
        let pages = bar.query.and(Fields(of: ["page", "current_page"].map { ($0, request.query[$0]) }))
        let mismatched = "/reconciliation?\(bar.query.with("status", ReconcileStatus.mismatch.rawValue).text)"
        return PageView(
            title: "Reconciliation",
            note: bar.note,
            blocks: [
                bar.block,
                Block(
                    "figures",
                    shape: "plain",
                    asOf: current.generatedAt,
                    .figures([
                        Block.Figure(
                            "Mismatch",
                            Figures.count(current.mismatched),
                            note: "instances",
                            href: mismatched,
                            tone: Figures.tone(current.mismatched, "warn-text")
                        ),
                        Block.Figure("OK", Figures.count(current.ok), note: "instances"),
                        Block.Figure("Never compared", Figures.count(current.neverCompared), note: "instances"),
                    ])
                ),
                Block(
                    "current",
                    "Now",
                    asOf: current.generatedAt,
                    note: "the newest comparison of each instance ·",
                    .table(Self.currentTable(current, pages))
                ),
                Block(
                    "results",
                    "History, \(range.text)",
                    asOf: .now,
                    .table(Self.reconcileTable(history, "/reconciliation", pages))
                ),
            ]
        )
    }

    private static func currentTable(_ page: ReconcileCurrentPage, _ query: Fields) -> Table {
        var table = Table(
            caption: "Newest equity comparisons",
            columns: [
                .init("Status"), .init("Instance"), .init("Mode"), .init("Exchange"),
                .init("Compared", isNumeric: true),
            ] + equityColumns,
            rows: page.items.map { result in
                let path = "/bots/\(PercentEncoding.encode(result.botID))/\(PercentEncoding.encode(result.instanceID))"
                return Row(
                    key: result.instanceID,
                    href: path,
                    cells: [
                        .reconcileStatus(result.status), .id(result.instanceID, href: path, note: result.botID),
                        .mode(result.runtimeMode.rawValue), .text(result.exchange), .age(result.timestamp),
                    ] + equityCells(result.exchangeEquity, result.internalEquity, result.difference) + [
                        .reported(result.reportedStatus, result.isDifferenceWrong)
                    ]
                )
            },
            empty: Table.Empty(text: "No matching instances. Bots report comparisons with POST /reconcile.")
        )
        table.pages = Table.Pages(
            "/reconciliation",
            query,
            page: page.page,
            size: page.pageSize,
            total: page.total,
            parameter: "current_page"
        )
        return table.labelled().aligned()
    }

    private static var equityColumns: [Table.Column] {
        [
            "Exchange equity", "Internal equity", "Difference", "Difference, bps",
        ].map { Table.Column($0, isNumeric: true) } + [Table.Column("Reported status")]
    }

    private static func equityCells(_ exchange: Decimal, _ own: Decimal, _ difference: Decimal) -> [Cell] {
        let equity = exchange.approximate
        let bps = equity != 0 ? Figures.decimal(difference.approximate / equity * 10_000) : "—"
        return [.amount(exchange), .amount(own), .amount(difference), .number(bps)]
    }

    static func reconcileTable(_ page: ReconcilePage, _ base: String, _ query: Fields) -> Table {
        var table = Table(
            caption: "Equity comparisons",
            columns: [.init("Time"), .init("Instance"), .init("Status")] + equityColumns,
            rows: page.items.map { result in
                Row(
                    key: result.reconcileID.text,
                    cells: [
                        .time(Moment(result.timestamp)),
                        .id(result.instanceID, href: "/bots?q=\(PercentEncoding.encode(result.instanceID))"),
                        .reconcileStatus(result.status),
                    ] + equityCells(result.exchangeEquity, result.internalEquity, result.difference) + [
                        .reported(result.reportedStatus, result.isDifferenceWrong)
                    ]
                )
            },
            empty: Table.Empty(text: "No matching comparisons. Bots report them with POST /reconcile.")
        )
        table.pages = Table.Pages(base, query, page)
        return table.labelled().aligned()
    }

    static func costTable(_ page: CostPage, _ base: String, _ query: Fields, _ filter: Fields) -> Table {
        var table = Table(
            caption: "Costs",
            columns: [
                .init("Time"), .init("Instance"), .init("Symbol"), .init("Type"), .init("Amount", isNumeric: true),
                .init("Currency"), .init("Booked", isNumeric: true), .init("Entry"),
            ],
            rows: page.items.map { cost in
                Row(
                    key: "\(cost.ordinal)",
                    cells: [
                        .time(Moment(cost.timestamp)), .id(cost.instanceID), .text(cost.symbol),
                        .text(cost.costType.rawValue), .amount(cost.amount), .text(cost.currency),
                        .amount(cost.bookedAmount), .text(cost.entryID),
                    ]
                )
            },
            empty: Table.Empty(text: "No costs booked")
        )
        let csv =
            "/api/analytics/costs.csv?" + filter.with("page", nil).with("page_size", nil).with("limit", "100000").text
        table.pages = Table.Pages(base, query, page, csv: csv)
        return table.labelled().aligned()
    }

    static func sampleTable(_ page: ExecutionSamplePage, _ base: String, _ query: Fields, _ filter: Fields) -> Table {
        var table = Table(
            caption: "Executions",
            columns: [
                .init("Time"), .init("Instance"), .init("Symbol"), .init("Slippage, bps", isNumeric: true),
                .init("Latency, ms", isNumeric: true), .init("Fill ratio", isNumeric: true),
            ],
            rows: page.items.map { sample in
                Row(
                    key: "\(sample.ordinal)",
                    cells: [
                        .time(Moment(sample.timestamp)), .id(sample.instanceID), .text(sample.symbol),
                        // Negative slippage is better than expected. The CSV has all digits.
                        .number(Figures.decimal(sample.slippageBps.approximate)),
                        .number(Figures.decimal(sample.latencyMs.approximate)),
                        .number(Figures.decimal(sample.fillRatio.approximate, 3)),
                    ]
                )
            },
            empty: Table.Empty(text: "No executions reported")
        )
        let csv =
            "/api/analytics/execution-samples.csv?"
            + filter.with("page", nil).with("page_size", nil).with("limit", "100000").text
        table.pages = Table.Pages(base, query, page, csv: csv)
        return table.labelled().aligned()
    }
}

extension ExposureGroupList {
    /// The sums in the reporting currency, or of each currency.
    fileprivate func figures(in reporting: ReportingCurrency) -> [Block.Figure] {
        func figures(_ label: String, _ amount: (ExposureTotal) -> Decimal) -> [Block.Figure] {
            let parts = totals.map { (currency: $0.currency, amount: amount($0)) }
            return Block.Figure.money(label, parts, in: reporting, empty: "no matching positions")
        }
        let counts = totals.map { ($0.positions, $0.stalePositions) }
        let silent = counts.reduce(0) { $0.addingSaturated($1.1) }
        return figures("Net exposure", \.netExposure) + figures("Gross exposure", \.grossExposure) + [
            Block.Figure("Positions", Figures.count(counts.reduce(0) { $0.addingSaturated($1.0) })),
            Block.Figure(
                "Positions of silent instances",
                Figures.count(silent),
                tone: Figures.tone(silent, "warn-text")
            ),
        ]
    }
}

extension Cell {
    /// An exposure. It has no tone: a short position is no loss.
    fileprivate static func exposed(_ value: Decimal) -> Cell { .number(Figures.amount(value)) }

    fileprivate static func reconcileStatus(_ status: ReconcileStatus) -> Cell {
        status == .ok ? .text("OK", tone: "good-text") : .icon(.warning, "MISMATCH")
    }

    /// The reported status, and whether the reported difference is wrong.
    fileprivate static func reported(_ status: ReconcileStatus, _ isWrong: Bool) -> Cell {
        .text(status.rawValue, note: isWrong ? "the reported difference does not match the equities" : nil)
    }
}
