import ContractRuntime
import Generated

// The tabs of an instance with its trades, orders, balances and log.

extension Dashboard {
    /// The maximum number of log lines on a page.
    private static var linesShown: Int { 200 }

    func trades(of instance: Instance, request: WebRequest) async throws(Problem) -> [Block] {
        let one: Fields = ["instance_id": instance.instanceID]
        let closed = one.with("status", TradeStatus.closed.rawValue)
        let first = one.with("status", TradeStatus.open.rawValue).with("page_size", "200")
        let held = try await api.listTrades(input(request, first)).body
        let ended = try await api.listTrades(
            input(request, closed.with("page", request.query["page"]).with("page_size", "50"))
        ).body
        var table = Self.tradeTable(ended, .closed, .instance)
        let csv = "/api/trades.csv?\(closed.with("limit", "100000").text)"
        table.pages = Table.Pages(instance.page, ["tab": "trades"], ended, csv: csv)
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

    func orders(of instance: Instance, request: WebRequest) async throws(Problem) -> [Block] {
        let one: Fields = ["instance_id": instance.instanceID]
        let first = one.with("status", OrderStatus.open.rawValue).with("page_size", "200")
        let working = try await api.listOrders(input(request, first)).body
        let status = request.query["status"]
        let query: Fields = ["tab": "orders", "status": status]
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

    func balances(of instance: Instance, request: WebRequest) async throws(Problem) -> [Block] {
        let list = try await api.listBalances(input(request, path: [instance.instanceID])).body
        let page = request.query["page"].flatMap(Int.init) ?? 1
        let table = Self.balanceTable(list, instance.page, ["tab": "balances"], page: page)
        return [Block("balances", "Balances", asOf: .now, .table(table))]
    }

    func log(of instance: Instance, request: WebRequest) async throws(Problem) -> [Block] {
        let level = request.query["level"]
        let query: Fields = ["level": level, "limit": "\(Self.linesShown)"]
        let page = try await api.listLogLines(input(request, query, path: [instance.instanceID])).body
        return [
            Block(
                "log",
                "Warnings and errors in the bot's log",
                asOf: .now,
                note: page.items.count < Self.linesShown ? nil : "the newest \(Self.linesShown) ·",
                choices: Self.choices(LogLevel.self, "level", instance.page, ["tab": "log", "level": level]),
                .table(Self.logTable(page))
            )
        ]
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
