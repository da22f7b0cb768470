import ContractRuntime
import Generated

extension Dashboard {
    /// `/portfolio`: exposure by symbol, and positions.
    func portfolio(_ request: WebRequest) async throws(Problem) -> PageView {
        let mode = request.query["mode"] ?? "LIVE"
        let selected = mode == "ALL" ? Fields.none : Fields(of: [("mode", mode)])
        let exposure = try await api.getExposure(input(request, selected)).body
        let query = Fields(of: [
            ("mode", mode == "ALL" ? nil : mode), ("symbol", request.query["symbol"]), ("page", request.query["page"]),
        ])
        let held = try await api.listPositions(input(request, query.with("page_size", "50"))).body
        let metrics = exposure.keyMetrics
        let gross = exposure.grossByCurrency
        let bySymbol = Table(
            caption: "Exposure by symbol",
            columns: [
                .init("Symbol"), .init("Net exposure", isNumeric: true), .init("Gross exposure", isNumeric: true),
                .init("Currency"), .init("Share of currency", isNumeric: true), .init("Concentration"),
            ],
            rows: exposure.bySymbol.map { line in
                let whole = gross[ExactText(line.currency ?? "")] ?? 0
                let share = whole > 0 ? line.grossExposure.approximate / whole : 0
                return Row(
                    key: "\(line.symbol) \(line.currency ?? "")",
                    cells: [
                        Cell(
                            text: line.symbol,
                            href: "/portfolio?\(query.with("symbol", line.symbol).with("mode", mode).text)"
                        ),
                        .amount(line.netExposure), .amount(line.grossExposure), .text(line.currency),
                        .number(Figures.percent(share)),
                        Cell(share: share),
                    ]
                )
            },
            empty: Table.Empty(text: "No positions reported. Bots report them with POST /ingest/positions.")
        )
        let stale = exposure.stale
        return PageView(
            title: "Portfolio",
            tabs: (["LIVE", "PAPER", "ALL"]).map { name in
                PageView.Tab(text: name, href: "/portfolio?mode=\(name)", isCurrent: name == mode)
            },
            blocks: [
                Block(
                    "figures",
                    shape: "plain",
                    asOf: exposure.generatedAt,
                    .figures(
                        exposure.netFigures("Net exposure")
                            + exposure.grossFigures("Gross exposure")
                            + [
                                Block.Figure("Positions", Figures.count(metrics.trackedPositions)),
                                Block.Figure("Symbols", Figures.count(metrics.trackedSymbols)),
                                Block.Figure(
                                    "Positions of silent instances",
                                    Figures.count(stale.positions),
                                    note: Figures.exposure(stale.byCurrency).map { "\($0), part of the totals" },
                                    tone: Figures.tone(stale.positions, "warn-text")
                                ),
                            ] + metrics.equityFigures
                    )
                ),
                Block("symbols", "By symbol", asOf: exposure.generatedAt, .table(bySymbol.labelled())),
                Block(
                    "positions",
                    "Positions",
                    asOf: held.generatedAt,
                    .table(Self.positionTable(held, "/portfolio", query.with("mode", mode)))
                ),
            ]
        )
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
                        .mode(position.runtimeMode.rawValue), .text(position.exchange), .amount(position.netExposure),
                        .amount(position.grossExposure), .text(position.currency), .age(position.updatedAt),
                        position.isStale ? .icon(.warning, "stale") : .text("fresh"),
                    ]
                )
            },
            empty: Table.Empty(text: "No positions reported")
        )
        table.pages = Table.Pages(base, query, page: page.page, size: page.pageSize, total: page.total)
        return table.labelled()
    }

    /// `/reconciliation`: comparisons of internal equity with the equity at the exchanges.
    func reconciliation(_ request: WebRequest) async throws(Problem) -> PageView {
        let query = Fields(of: ["status", "instance_id", "page"].map { ($0, request.query[$0]) })
        let page = try await api.listReconcileResults(input(request, query.with("page_size", "50"))).body
        let mismatched: Fields = ["status": "MISMATCH", "page_size": "1"]
        let mismatches = try await api.listReconcileResults(input(request, mismatched)).body
        let matches = try await api.listReconcileResults(input(request, ["status": "OK", "page_size": "1"])).body
        let form = Form(
            action: "/reconciliation",
            method: "get",
            fields: [
                Form.Field(
                    "status",
                    "Status",
                    options: Form.Option.all(ReconcileStatus.self, selected: query["status"])
                ),
                Form.Field("instance_id", "Instance", value: query["instance_id"] ?? ""),
            ],
            buttons: [Form.Button("Apply filters")]
        )
        return PageView(
            title: "Reconciliation",
            blocks: [
                Block(
                    "figures",
                    shape: "plain",
                    asOf: .now,
                    .figures([
                        Block.Figure("OK", matches.totalText, note: "matching comparisons"),
                        Block.Figure(
                            "Mismatch",
                            mismatches.totalText,
                            note: mismatches.items.first.map { "last \(Moment($0.timestamp).text)" },
                            href: "/reconciliation?status=MISMATCH",
                            tone: Figures.tone(mismatches.total, "warn-text")
                        ),
                    ])
                ),
                Block("filters", shape: "plain", .form(form)),
                Block(
                    "results",
                    "Comparisons",
                    asOf: .now,
                    .table(Self.reconcileTable(page, "/reconciliation", query))
                ),
            ]
        )
    }

    static func reconcileTable(_ page: ReconcilePage, _ base: String, _ query: Fields) -> Table {
        var table = Table(
            caption: "Equity comparisons",
            columns: [
                .init("Time"), .init("Instance"), .init("Exchange equity", isNumeric: true),
                .init("Internal equity", isNumeric: true), .init("Difference", isNumeric: true),
                .init("Difference, bps", isNumeric: true), .init("Status"), .init("Reported status"),
            ],
            rows: page.items.map { result in
                let equity = result.exchangeEquity.approximate
                let bps = equity != 0 ? Figures.decimal(result.difference.approximate / equity * 10_000) : "—"
                let isOK = result.status == .ok
                return Row(
                    key: result.reconcileID.text,
                    cells: [
                        .time(Moment(result.timestamp)),
                        .id(result.instanceID, href: "/bots?q=\(PercentEncoding.encode(result.instanceID))"),
                        .amount(result.exchangeEquity), .amount(result.internalEquity), .amount(result.difference),
                        .number(bps), isOK ? .text("OK", tone: "good-text") : .icon(.warning, "MISMATCH"),
                        .text(
                            result.reportedStatus.rawValue,
                            note: result.isDifferenceWrong ? "the reported difference does not match the equities" : nil
                        ),
                    ]
                )
            },
            empty: Table.Empty(text: "No matching comparisons. Bots report them with POST /reconcile.")
        )
        table.pages = Table.Pages(base, query, page)
        return table.labelled()
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
        return table.labelled()
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
                        // Negative slippage is better than expected.
                        .number(Figures.amount(sample.slippageBps)), .amount(sample.latencyMs),
                        .amount(sample.fillRatio),
                    ]
                )
            },
            empty: Table.Empty(text: "No executions reported")
        )
        let csv =
            "/api/analytics/execution-samples.csv?"
            + filter.with("page", nil).with("page_size", nil).with("limit", "100000").text
        table.pages = Table.Pages(base, query, page, csv: csv)
        return table.labelled()
    }
}

extension Exposure {
    /// The gross exposure of each currency; the empty name is that of positions without one.
    fileprivate var grossByCurrency: [ExactText: Double] {
        let parts = byCurrency.map { (ExactText($0.currency ?? ""), $0.grossExposure.approximate) }
        return Dictionary(parts) { first, _ in first }
    }
}
