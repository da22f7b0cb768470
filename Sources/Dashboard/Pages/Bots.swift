import ContractRuntime
import Generated

extension Dashboard {
    /// The filter parameters of the list of instances.
    static var botFilters: [String] { ["q", "bot_id", "runtime_mode", "status", "exchange", "symbol"] }

    private static var botFilterBar: [FilterBar.Filter] {
        let orders = InstanceColumn.all.compactMap { column in column.sort.map { ($0.rawValue, column.title) } }
        return [
            .search("q", "Search"), .cases("status", "Status", InstanceStatus.self),
            .cases("runtime_mode", "Mode", RuntimeMode.self), .exchange, .symbol, .bot,
            .view("sort", "Sort by", orders, standard: ListInstancesSort.worst.rawValue),
            .view("order", "Order", [("asc", "Ascending"), ("desc", "Descending")], standard: "asc"),
            .view("page_size", "Rows per page", ["50", "100", "200"].map { ($0, $0) }, standard: "50"),
        ]
    }

    /// `/bots`: the instances as a table, worst status first, with commands for the selected ones.
    func bots(_ request: WebRequest) async throws(Problem) -> PageView {
        let saved = try await savedList(.bots, [.instances], request)
        let bar = saved.filterBar(request, Self.botFilterBar)
        let ranking = Ranking(request, path: "/bots", standard: .worst, others: bar.query)
        let filter = bar.active.and(ranking.query)
        let position = bar.fields("page_size").with("page", request.query["page"])
        // The header of each page has the counts of the fleet.
        async let counts = result { () async throws(Problem) in try await api.getFleet(input(request)).body }
        let page = try await api.listInstances(input(request, filter.and(position))).body
        let drift = try await drift(of: bar["bot_id"], request)
        let arrangement = saved.arrangement(of: .instances, request)
        var table = Table(
            caption: "Instances",
            columns: InstanceColumn.all.map { $0.column(ranking) },
            rows: page.items.map { Self.botRow($0, drift) },
            empty: bar.active.pairs.isEmpty ? Self.firstBot : Table.Empty(text: "No matching instances")
        )
        table = table.arranged(by: arrangement, bar.query, request)
        let csv = "/api/instances.csv?" + filter.with("limit", "100000").text
        table.pages = Table.Pages("/bots", bar.query, page: page.page, size: page.pageSize, total: page.total, csv: csv)
        table.selection = selection(page, bar.active, request)
        return PageView(
            title: "Bots",
            note: bar.note,
            views: saved.tabs,
            blocks: [bar.block, saved.block(bar, [arrangement])] + Self.banner(drift) + [
                Block(
                    "bots",
                    "Instances",
                    asOf: page.generatedAt,
                    more: Block.Link(text: "Retired instances", href: "/retired-instances"),
                    .table(table.labelled())
                )
            ],
            fleet: try? await counts.get()
        )
    }

    /// The commands that the principal may send to the selected instances.
    private func selection(_ page: InstancePage, _ filter: Fields, _ request: WebRequest) -> Table.Selection {
        let isOperator = permits(CreateCommands.Input.self, request)
        let commands = CommandType.allCases.map { type in
            Form.Button(
                type.rawValue,
                name: "type",
                value: type.rawValue,
                look: type.isIrreversible ? "small danger" : "small"
            )
        }
        return Table.Selection(
            action: "/commands/new",
            all: isOperator ? "Select all \(Figures.count(page.total)) matching instances" : nil,
            hidden: filter.pairs.map { Form.Hidden(name: $0.name, value: $0.value) },
            buttons: (isOperator ? commands : []) + [Form.Button("Compare", look: "small", path: "/compare")]
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

    private static func botRow(_ instance: Instance, _ drift: StrategyDrift?) -> Row {
        Row(
            key: instance.instanceID,
            selection: Form.Hidden(name: "instance", value: instance.instanceID),
            href: instance.page,
            cells: InstanceColumn.all.map { $0.cell(instance, drift) }
        )
    }
}
