import ContractRuntime
import Generated

extension Dashboard {
    /// The filter parameters of the list of instances.
    static var botFilters: [String] { ["q", "bot_id", "runtime_mode", "status", "exchange", "symbol"] }

    /// `/bots`: the instances as a table, worst status first, with commands for the selected ones.
    func bots(_ request: WebRequest) async throws(Problem) -> PageView {
        let size = request.query["page_size"] ?? "50"
        let known = Self.botFilters + ["sort", "page"]
        let query = Fields(of: known.map { ($0, request.query[$0]) } + [("page_size", size)])
        let page = try await api.listInstances(input(request, query)).body
        let drift = try await drift(of: query["bot_id"], request)
        let unknown = Set(request.query.pairs.map(\.name)).subtracting(known + ["page_size", "done"])
        let isFiltered = Self.botFilters.contains { query[$0] != nil }
        var table = Table(
            caption: "Instances",
            columns: Self.botColumns(query),
            rows: page.items.map { Self.botRow($0, drift) },
            empty: isFiltered ? Table.Empty(text: "No matching instances") : Self.firstBot
        )
        let csv = "/api/instances.csv?" + query.with("page", nil).with("page_size", nil).with("limit", "100000").text
        table.pages = Table.Pages("/bots", query, page: page.page, size: page.pageSize, total: page.total, csv: csv)
        let selection = Table.Selection(
            action: "/commands/new",
            all: "Select all \(Figures.count(page.total)) matching instances",
            hidden: Self.botFilters.compactMap { name in query[name].map { Form.Hidden(name: name, value: $0) } },
            buttons: CommandType.allCases.map { type in
                Form.Button(
                    type.rawValue,
                    name: "type",
                    value: type.rawValue,
                    look: type.isIrreversible ? "small danger" : "small"
                )
            }
        )
        if permits(CreateCommands.Input.self, request) { table.selection = selection }
        return PageView(
            title: "Bots",
            note: unknown.isEmpty ? nil : "ignored unknown filters: \(unknown.sorted().joined(separator: ", "))",
            blocks: [
                Block("filters", shape: "plain", .form(Self.botForm(query)))
            ] + Self.banner(drift) + [
                Block(
                    "bots",
                    "Instances",
                    asOf: page.generatedAt,
                    more: Block.Link(text: "Retired instances", href: "/retired-instances"),
                    .table(table.labelled())
                )
            ]
        )
    }

    /// The different strategies of a bot's instances; nil without a bot, or without a difference.
    func drift(of bot: String?, _ request: WebRequest) async throws(Problem) -> StrategyDrift? {
        guard let bot else { return nil }
        let page = try await api.listInstances(input(request, ["bot_id": bot, "page_size": "200"])).body
        return StrategyDrift(page.items, isComplete: page.items.count == page.total)
    }

    static func banner(_ drift: StrategyDrift?) -> [Block] {
        drift.map { [Block("drift", shape: "banner", .text($0.text))] } ?? []
    }

    private static var firstBot: Table.Empty {
        Table.Empty(
            text: "No bots have reported yet. Send a heartbeat:",
            code: """
                curl -X POST http://127.0.0.1:8000/ingest/heartbeat -H 'Content-Type: application/json' \\
                  -d '{"instance_id":"btc-maker-1a","bot_id":"btc-maker","runtime_mode":"PAPER","exchange":"binance","symbol":"BTCUSDT","version":"1.0","timestamp":"'$(date -u +%FT%TZ)'"}'
                """
        )
    }

    private static func botForm(_ query: Fields) -> Form {
        Form(
            action: "/bots",
            method: "get",
            hidden: query["bot_id"].map { [Form.Hidden(name: "bot_id", value: $0)] } ?? [],
            fields: [
                Form.Field("q", "Search", kind: "search", value: query["q"] ?? ""),
                Form.Field(
                    "status",
                    "Status",
                    options: Form.Option.all(InstanceStatus.self, selected: query["status"])
                ),
                Form.Field(
                    "runtime_mode",
                    "Mode",
                    options: Form.Option.all(RuntimeMode.self, selected: query["runtime_mode"])
                ),
                Form.Field("exchange", "Exchange", value: query["exchange"] ?? ""),
                Form.Field("symbol", "Symbol", value: query["symbol"] ?? ""),
                Form.Field(
                    "sort",
                    "Sort by",
                    options: [
                        ("worst", "Worst status first"), ("bot", "Bot"), ("silent", "Least recently seen"),
                        ("recent", "Most recently seen"),
                    ].map { Form.Option($0.0, $0.1, selected: query["sort"] ?? "worst") }
                ),
                Form.Field(
                    "page_size",
                    "Rows per page",
                    options: ["50", "100", "200"].map { Form.Option($0, selected: query["page_size"] ?? "50") }
                ),
            ],
            buttons: [Form.Button("Apply filters", name: "page", value: "1")]
        )
    }

    private static func botColumns(_ query: Fields) -> [Table.Column] {
        func column(_ title: String, _ sort: String, _ order: String, isNumeric: Bool = false) -> Table.Column {
            let isCurrent = (query["sort"] ?? "worst") == sort
            let href = "/bots?" + query.with("sort", sort).with("page", nil).text
            return Table.Column(title, isNumeric: isNumeric, href: href, order: isCurrent ? order : nil)
        }
        let isSilentFirst = query["sort"] == "silent"
        return [
            column("Status", "worst", "descending"), column("Bot", "bot", "ascending"), Table.Column("Mode"),
            Table.Column("Symbol"), Table.Column("Version"),
            column(
                "Last seen",
                isSilentFirst ? "recent" : "silent",
                "ascending",
                isNumeric: true
            ),
            Table.Column("Heartbeats, 1 h"), Table.Column("Equity, 24 h"),
            Table.Column("Net exposure", isNumeric: true),
            Table.Column("NetPnL, 24 h", isNumeric: true),
            Table.Column("Alerts"), Table.Column("Commands", isNumeric: true),
        ]
    }

    private static func botRow(_ instance: Instance, _ drift: StrategyDrift?) -> Row {
        let alerts =
            instance.worstSeverity.map { severity in
                Cell.icon(StatusIcon(severity), "\(instance.openAlerts) \(StatusIcon(severity).word)")
            } ?? Cell()
        let version = Cell.text(instance.version, note: instance.strategyWithVersion).marked(drift, instance)
        let equity = Sparkline(instance.equityDay).map { Cell(spark: $0) } ?? .unknown
        return Row(
            key: instance.instanceID,
            selection: Form.Hidden(name: "instance", value: instance.instanceID),
            href: instance.page,
            cells: [
                .status(instance.displayStatus), .id(instance.botID, href: instance.page, note: instance.instanceID),
                .mode(instance.runtimeMode.rawValue), .text(instance.symbol, note: instance.exchange),
                version, .age(instance.lastSeen),
                Cell(strip: HeartbeatStrip(instance.presence)), equity, .exposure(instance.exposures),
                .amount(instance.netPnlDay, signed: true), alerts, .countOrEmpty(instance.waitingCommands),
            ]
        )
    }
}
