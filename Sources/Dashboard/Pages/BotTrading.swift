import ContractRuntime
import Generated

/// The views of the tab "Trades and costs" of an instance.
enum TradingView: String, CaseIterable {
    case trades, orders, executions, costs, balances, reconciliation
}

extension Dashboard {
    /// Adds the tab with the trades, orders, executions, costs, balances and comparisons of an instance.
    func addTrades(of instance: Instance, to page: inout PageView, _ request: WebRequest) async throws(Problem) {
        let view = request.query["view"].flatMap(TradingView.init(rawValue:)) ?? .trades
        page.views = PageView.Tab.all(TradingView.self, current: view, instance.page, .trades)
        page.blocks += try await blocks(view, of: instance, request)
    }

    private func blocks(_ view: TradingView, of instance: Instance, _ request: WebRequest) async throws(Problem)
        -> [Block]
    {
        let one: Fields = ["instance_id": instance.instanceID, "page": request.query["page"], "page_size": "50"]
        let links: Fields = ["tab": BotTab.trades.rawValue, "view": view.rawValue]
        switch view {
        case .trades: return try await trades(of: instance, links, request)
        case .orders: return try await orders(of: instance, links, request)
        case .balances: return try await balances(of: instance, links, request)
        case .executions:
            let page = try await api.listExecutionSamples(input(request, one)).body
            let table = Self.sampleTable(page, instance.page, links, one)
            return [Block("execution", "Executions", asOf: .now, .table(table))]
        case .costs:
            let page = try await api.listCosts(input(request, one)).body
            return [Block("costs", "Costs", asOf: .now, .table(Self.costTable(page, instance.page, links, one)))]
        case .reconciliation:
            let page = try await api.listReconcileResults(input(request, one)).body
            let table = Self.reconcileTable(page, instance.page, links)
            return [Block("reconciliation", "Reconciliation", asOf: .now, .table(table))]
        }
    }

    private func trades(of instance: Instance, _ links: Fields, _ request: WebRequest) async throws(Problem) -> [Block]
    {
        let one: Fields = ["instance_id": instance.instanceID]
        let closed = one.with("status", TradeStatus.closed.rawValue)
        let first = one.with("status", TradeStatus.open.rawValue).with("page_size", "200")
        let held = try await api.listTrades(input(request, first)).body
        let ended = try await api.listTrades(
            input(request, closed.with("page", request.query["page"]).with("page_size", "50"))
        ).body
        var table = Self.tradeTable(ended, .closed, .instance)
        let csv = "/api/trades.csv?\(closed.with("limit", "100000").text)"
        table.pages = Table.Pages(instance.page, links, ended, csv: csv)
        let all = Block.Link(text: "Statistics", href: "/trades?\(one.text)")
        return [
            Block(
                "open-trades",
                "Open trades",
                asOf: .now,
                note: Self.limitNote(held),
                .table(Self.tradeTable(held, .open, .instance))
            ),
            Block("closed-trades", "Closed trades", asOf: .now, more: all, .table(table)),
        ]
    }

    private func orders(of instance: Instance, _ links: Fields, _ request: WebRequest) async throws(Problem) -> [Block]
    {
        let one: Fields = ["instance_id": instance.instanceID]
        let first = one.with("status", OrderStatus.open.rawValue).with("page_size", "200")
        let working = try await api.listOrders(input(request, first)).body
        let status = request.query["status"]
        let query = links.with("status", status)
        let page = try await api.listOrders(
            input(
                request,
                one.with("status", status).with("page", request.query["page"]).with("page_size", "50")
            )
        ).body
        var table = Self.orderTable(page, status == nil ? "Orders" : "Matching orders")
        table.pages = Table.Pages(instance.page, query, page)
        return [
            Block(
                "open-orders",
                "Open orders",
                asOf: .now,
                note: Self.limitNote(working),
                .table(Self.orderTable(working, "Open orders"))
            ),
            Block(
                "orders",
                "All orders, newest first",
                asOf: .now,
                choices: Self.choices(OrderStatus.self, "status", instance.page, query),
                .table(table)
            ),
        ]
    }

    private func balances(of instance: Instance, _ links: Fields, _ request: WebRequest) async throws(Problem)
        -> [Block]
    {
        let list = try await api.listBalances(input(request, path: [instance.instanceID])).body
        let page = request.query["page"].flatMap(Int.init) ?? 1
        let table = Self.balanceTable(list, instance.page, links, page: page)
        return [Block("balances", "Balances", asOf: .now, .table(table))]
    }

    /// A note beside a list of which only the first items are shown.
    private static func limitNote(_ page: some CountLimitedPage) -> String? {
        page.nextCursor == nil ? nil : "the newest \(page.pageSize) of \(page.totalText) ·"
    }

    /// Links to the same page for each value of an enumeration, and for all of them.
    static func choices<Value: CaseIterable & RawRepresentable<String>>(
        _ type: Value.Type,
        _ name: String,
        _ path: String,
        _ query: Fields
    ) -> [PageView.Tab] {
        let current = query[name]
        func choice(_ text: String, _ value: String?) -> PageView.Tab {
            let href = "\(path)?\(query.with(name, value).text)"
            return PageView.Tab(text: text, href: href, isCurrent: current == value)
        }
        return [choice("All", nil)] + type.allCases.map { choice($0.rawValue, $0.rawValue) }
    }
}
