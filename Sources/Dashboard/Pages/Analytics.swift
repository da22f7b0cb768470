import ContractRuntime
import Generated

extension Dashboard {
    /// `/analytics`: net PnL, execution quality, equity and drawdown, module runs, and resources.
    func analytics(_ request: WebRequest) async throws(Problem) -> PageView {
        let tab = request.query["tab"] ?? "pnl"
        let names = [
            ("pnl", "NetPnL"), ("days", "NetPnL by day"), ("execution", "Execution quality"),
            ("equity", "Equity & drawdown"), ("runs", "Runs"), ("resources", "Resources"),
        ]
        let rates = try await api.listFxRates(input(request)).body
        let bar = FilterBar(
            "/analytics",
            request,
            keeping: tab == "days" ? ["tab", "day", "kind"] : ["tab"],
            passing: ["page"],
            Self.analyticsFilters(tab, request, rates)
        )
        let blocks: [Block]
        switch tab {
        case "days": blocks = try await pnlDays(bar, rates, request)
        case "execution": blocks = try await execution(bar, request)
        case "equity": blocks = try await equity(bar, request)
        case "runs": blocks = try await runFigures(request)
        case "resources": blocks = try await resources(bar, request)
        default: blocks = try await netPnl(bar, rates, request)
        }
        return PageView(
            title: "Analytics",
            note: bar.note,
            tabs: names.map { name, text in
                let query = Fields(of: [("tab", name)]).and(bar.query(of: Self.analyticsFilters(name, request, rates)))
                return PageView.Tab(text: text, href: "/analytics?\(query.text)", isCurrent: name == tab)
            },
            blocks: (tab == "runs" ? [] : [bar.block]) + blocks
        )
    }

    /// The filters of a tab.
    private static func analyticsFilters(_ tab: String, _ request: WebRequest, _ rates: FxRateList)
        -> [FilterBar.Filter]
    {
        let reporting = [FilterBar.Filter.reporting(rates, request)].compactMap(\.self)
        return switch tab {
        case "days" where request.query["kind"] != nil: [.mode, .currency, .instance]
        case "days" where request.query["day"] != nil: [.mode, .currency] + reporting
        case "days": [pnlRange, .mode, .currency]
        case "execution":
            [
                .view("range", "Range", executionRanges, standard: TimeRange.day.rawValue), .mode, .exchange, .bot,
                .symbol,
                .view("group", "Group by", executionGroups, standard: ExecutionGroup.exchange.rawValue),
            ]
        case "equity":
            [.view("range", "Range", executionRanges, standard: TimeRange.month.rawValue), .mode, .symbol, .currency]
        case "runs": []
        case "resources": [.instance]
        default: [.mode, .symbol, .currency] + reporting
        }
    }

    private func netPnl(_ bar: FilterBar, _ rates: FxRateList, _ request: WebRequest) async throws(Problem) -> [Block] {
        let reporting = ReportingCurrency(bar["in"], rates)
        let selected = bar.fields("mode", "symbol", "currency")
        let pnl = try await api.getNetPnl(input(request, selected)).body
        let listed = selected.with("page", request.query["page"]).with("page_size", "50")
        let costs = selected.with("limit", "100000")
        let parts = try await api.explainNetPnl(input(request, listed)).body
        let (content, unit) = Self.breakdown(pnl, reporting)
        let byMode = Table(
            caption: "NetPnL by mode",
            columns: Self.pnlColumns("Mode"),
            rows: pnl.byMode.map { line in
                Row(
                    key: line.runtimeMode.rawValue,
                    cells: [.mode(line.runtimeMode.rawValue)]
                        + Self.pnlCells(line.realized, line.unrealized, line.fees, line.funding, line.netPnl)
                )
            },
            empty: Table.Empty(text: "No data reported")
        )
        var table = Table(
            caption: "NetPnL by instance and symbol",
            columns: [.init("Instance"), .init("Symbol"), .init("Mode")] + Self.pnlColumns("Currency"),
            rows: parts.items.map { part in
                Row(
                    key: "\(part.instanceID) \(part.symbol) \(part.currency ?? "")",
                    cells: [
                        .id(part.instanceID, href: "/bots?q=\(PercentEncoding.encode(part.instanceID))"),
                        .text(part.symbol),
                        .mode(part.runtimeMode.rawValue), .text(part.currency),
                    ] + Self.pnlCells(part.realized, part.unrealized, part.fees, part.funding, part.netPnl)
                )
            },
            empty: Table.Empty(text: "No data reported")
        )
        table.pages = Table.Pages(
            "/analytics",
            selected.with("tab", "pnl"),
            page: parts.page,
            size: parts.pageSize,
            total: parts.total
        )
        return [
            Block(
                "pnl",
                "NetPnL",
                shape: "half",
                asOf: pnl.generatedAt,
                note: unit.map { "\($0) ·" },
                content
            ),
            Block(
                "modes",
                "By mode",
                shape: "half",
                asOf: pnl.generatedAt,
                note: "\(pnl.currency.map { "\($0), " } ?? "")realised + unrealised − fees + funding ·",
                .table(byMode.labelled().aligned())
            ),
        ] + Self.byCurrency(pnl, reporting) + Self.rates(rates) + [
            Block(
                "parts",
                "By instance and symbol",
                asOf: .now,
                more: Block.Link(text: "Costs as CSV", href: "/api/analytics/costs.csv?\(costs.text)"),
                .table(table.labelled().aligned())
            )
        ]
    }

    /// The components of the net PnL in the reporting currency, with its rates; figures per currency if an amount cannot be converted.
    private static func breakdown(_ pnl: NetPnl, _ reporting: ReportingCurrency) -> (Block.Content, String?) {
        let (realized, unrealized) = (pnl.total(\.realized, in: reporting), pnl.total(\.unrealized, in: reporting))
        let (fees, funding) = (pnl.total(\.fees, in: reporting), pnl.total(\.funding, in: reporting))
        let net = pnl.total(\.netPnl, in: reporting)
        let totals = [realized, unrealized, fees, funding, net]
        if let missing = totals.first(where: { $0.amount == nil }) {
            return (.figures(pnl.figures("NetPnL", in: reporting, href: nil)), missing.note)
        }
        let chart = pnlChart(realized.amount, unrealized.amount, fees.amount, funding.amount, net.amount)
        // An amount of 0 needs no rate, so the longest note has all rates.
        return (.chart(chart), totals.compactMap(\.note).max { $0.utf8.count < $1.utf8.count })
    }

    /// The amounts of each currency, as they were reported.
    private static func byCurrency(_ pnl: NetPnl, _ reporting: ReportingCurrency) -> [Block] {
        if pnl.byCurrency.isEmpty { return [] }
        let table = Table(
            caption: "NetPnL by currency",
            columns: pnlColumns("Currency"),
            rows: pnl.byCurrency.map { line in
                Row(
                    key: line.currency ?? "",
                    cells: [.text(line.currency)]
                        + pnlCells(line.realized, line.unrealized, line.fees, line.funding, line.netPnl)
                )
            }
        )
        let total = pnl.total(\.netPnl, in: reporting)
        let note = total.amount == nil ? total.note.map { "\($0) ·" } : nil
        return [
            Block("currencies", "By currency", asOf: pnl.generatedAt, note: note, .table(table.labelled().aligned()))
        ]
    }

    /// The exchange rates to the books currency, with their ages.
    private static func rates(_ list: FxRateList) -> [Block] {
        guard let books = list.booksCurrency else { return [] }
        let limit = Figures.duration(seconds: list.maxAgeSeconds)
        let table = Table(
            caption: "Exchange rates to \(books)",
            columns: [
                .init("Currency"), .init("Rate", isNumeric: true), .init("Age", isNumeric: true), .init("Status"),
                .init("Reported by"),
            ],
            rows: list.rates.map { rate in
                Row(
                    key: rate.currency,
                    cells: [
                        .text(rate.currency), .amount(rate.rate), .age(rate.timestamp),
                        rate.isUsable ? .text("fresh") : .icon(.warning, "stale"), .text(rate.reportedBy),
                    ]
                )
            },
            empty: Table.Empty(text: "No rates reported. Report them with POST /fx-rates.")
        )
        return [
            Block(
                "rates",
                "Exchange rates to \(books)",
                asOf: list.generatedAt,
                note: "stale after \(limit) ·",
                .table(table.labelled().aligned())
            )
        ]
    }

    /// A bar chart of a net PnL and its components.
    static func pnlChart(
        _ realized: Decimal?,
        _ unrealized: Decimal?,
        _ fees: Decimal?,
        _ funding: Decimal?,
        _ net: Decimal?
    ) -> Chart {
        func bar(_ name: String, _ value: Decimal?) -> (name: String, value: Double, text: String) {
            (name, value?.approximate ?? 0, Figures.amount(value, signed: true))
        }
        return Chart.bars(
            "NetPnL breakdown",
            [
                bar("Realised", realized), bar("Unrealised", unrealized), bar("Fees", fees?.negated),
                bar("Funding", funding),
                bar("NetPnL", net),
            ]
        )
    }

    static func pnlColumns(_ first: String) -> [Table.Column] {
        [.init(first)]
            + ["Realised", "Unrealised", "Fees", "Funding", "NetPnL"].map { Table.Column($0, isNumeric: true) }
    }

    static func pnlCells(
        _ realized: Decimal?,
        _ unrealized: Decimal?,
        _ fees: Decimal?,
        _ funding: Decimal?,
        _ net: Decimal?
    ) -> [Cell] {
        [
            .amount(realized, signed: true), .amount(unrealized, signed: true), .amount(fees),
            .amount(funding, signed: true), .amount(net, signed: true),
        ]
    }

    /// The recorded equity of the fleet; for a symbol, the equity of its samples.
    private func equity(_ bar: FilterBar, _ request: WebRequest) async throws(Problem) -> [Block] {
        let selected = bar.fields("mode", "symbol", "currency")
        let range = TimeRange(request, else: .month)
        let query = selected.and(range.query)
        let curves = try await equityCurves(query, request)
        return curves.enumerated().map { place, curve in
            let figures = Self.equityFigures(curve, isOnly: curves.count == 1, range)
            return Block("drawdown-\(place)", shape: "plain", asOf: curve.generatedAt, .figures(figures))
        } + Self.equity(curves, range, mode: selected["mode"], "/analytics", selected.with("tab", "equity"))
    }

    private func runFigures(_ request: WebRequest) async throws(Problem) -> [Block] {
        let performance = try await api.getRunPerformance(input(request)).body
        let failures = try await api.getRunFailureRate(input(request)).body
        let throughput = try await api.getRunThroughput(input(request)).body
        let active = try await api.getRunActiveAge(input(request)).body
        let statistics = try await api.getModuleRunStatistics(input(request)).body
        let isKnown = performance.completedRuns > 0
        let counts = statistics.statusCounts
        let bars: [(name: String, value: Double, text: String)] = [
            ("Queued", counts.queued), ("Running", counts.running), ("Succeeded", counts.succeeded),
            ("Failed", counts.failed), ("Canceled", counts.canceled),
        ].map { ($0.0, Double($0.1), Figures.count($0.1)) }
        let chart = Chart.bars("Runs by status", bars)
        return [
            Block(
                "runs",
                shape: "plain",
                asOf: performance.generatedAt,
                .figures([
                    Block.Figure("Success rate", isKnown ? Figures.percent(performance.successRate) : "—"),
                    Block.Figure(
                        "Duration, p95",
                        isKnown ? "\(Figures.decimal(performance.p95DurationSeconds)) s" : "—",
                        note: isKnown ? "average \(Figures.decimal(performance.avgDurationSeconds)) s" : nil
                    ),
                    Block.Figure(
                        "Failure rate",
                        failures.totalCompleted > 0 ? Figures.percent(failures.failureRate) : "—",
                        note: "last \(failures.windowSizeUsed) completed runs"
                    ),
                    Block.Figure(
                        "Throughput",
                        "\(Figures.decimal(throughput.runsPerHour)) / h",
                        note: "\(throughput.totalRuns) runs in \(throughput.windowHours) h"
                    ),
                    Block.Figure(
                        "Active runs",
                        Figures.count(active.activeRuns),
                        note:
                            "oldest active for \(Figures.duration(seconds: Int(saturating: active.oldestActiveSeconds)))"
                    ),
                ])
            ),
            Block("by-status", "Runs by status", shape: "half", asOf: statistics.generatedAt, .chart(chart)),
        ]
    }

    private func resources(_ bar: FilterBar, _ request: WebRequest) async throws(Problem) -> [Block] {
        let query = bar.fields("instance_id")
        let window = try await api.getResourceWindow(input(request, query)).body
        func figure(_ label: String, _ value: Double, _ samples: Int) -> Block.Figure {
            Block.Figure(
                label,
                samples > 0 ? "\(Figures.decimal(value)) %" : "—",
                note: "\(Figures.count(samples)) samples"
            )
        }
        return [
            Block(
                "resources",
                "CPU and memory, last 24 hours",
                asOf: window.generatedAt,
                .figures([
                    figure("CPU, average", window.avgCpuPct, window.cpuSamples),
                    figure("CPU, maximum", window.maxCpuPct, window.cpuSamples),
                    figure("Memory, average", window.avgMemoryPct, window.memorySamples),
                    figure("Memory, maximum", window.maxMemoryPct, window.memorySamples),
                ])
            )
        ]
    }
}
