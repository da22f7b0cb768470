import ContractRuntime
import Generated

extension Dashboard {
    /// The filters of trades.
    private static var tradeFilters: [FilterBar.Filter] {
        [
            .view(
                "range",
                "Closed in the last",
                TradeRange.allCases.map { ($0.rawValue, $0.text) },
                standard: TradeRange.month.rawValue
            ),
            .mode, .cases("status", "Status", TradeStatus.self), .currency, .account, .bot, .instance, .symbol,
            .view(
                "group",
                "Group by",
                TradeGroup.allCases.map { ($0.rawValue, $0.title) },
                standard: TradeGroup.day.rawValue
            ),
        ]
    }

    /// `/trades`: statistics of trades per currency and by a key, and lists of the open and the closed trades.
    func trades(_ request: WebRequest) async throws(Problem) -> PageView {
        let pages = ["page", "open_page", "group_page"]
        let saved = try await savedList(.trades, [.openTrades, .closedTrades], request)
        let bar = saved.filterBar(request, keeping: ["sort"], passing: pages, Self.tradeFilters)
        let query = bar.query.and(Fields(of: pages.map { ($0, request.query[$0]) }))
        let filter = bar.fields("mode", "currency", "account_id", "bot_id", "instance_id", "symbol")
        let arrangements = [TableName.openTrades, .closedTrades].map { saved.arrangement(of: $0, request) }
        var blocks = [bar.block, saved.block(bar, arrangements)]
        blocks += try await figures(filter, query, request) + lists(filter, saved, query, request)
        return PageView(title: "Trades", note: bar.note, views: saved.tabs, blocks: blocks)
    }

    // MARK: - Lists

    private func lists(_ filter: Fields, _ saved: SavedList, _ query: Fields, _ request: WebRequest)
        async throws(Problem) -> [Block]
    {
        let status = try TradeStatus.filter(query["status"])
        var blocks: [Block] = []
        if status != .closed {
            let table = try await tradeList(filter, .open, saved, query, request)
            blocks.append(Block("open-trades", "Open trades", asOf: .now, .table(table)))
        }
        if status != .open {
            let range = TradeRange(named: query["range"])
            let recent = filter.with("from", "\(range.start())")
            let table = try await tradeList(recent, .closed, saved, query, request)
            blocks.append(Block("closed-trades", "Closed trades, \(range.text)", asOf: .now, .table(table)))
        }
        return blocks
    }

    /// A list of trades that are all open or all closed.
    private func tradeList(
        _ filter: Fields,
        _ status: TradeStatus,
        _ saved: SavedList,
        _ query: Fields,
        _ request: WebRequest
    ) async throws(Problem) -> Table {
        // Each list has its own number of a page.
        let (name, parameter) = status == .open ? (TableName.openTrades, "open_page") : (.closedTrades, "page")
        let selected = filter.with("status", status.rawValue)
        let position: Fields = ["page": query[parameter], "page_size": "25"]
        let page = try await api.listTrades(input(request, selected.and(position))).body
        let arrangement = saved.arrangement(of: name, request)
        var table = Self.tradeTable(page, status, .fleet).arranged(by: arrangement, query, request).labelled()
        let csv = "/api/trades.csv?\(selected.with("limit", "100000").text)"
        table.pages = Table.Pages("/trades", query, page, csv: csv, parameter: parameter)
        return table
    }
}

extension TradeStatus {
    /// The status of a filter; nil for all. An unknown value must not match all trades.
    fileprivate static func filter(_ text: String?) throws(Problem) -> TradeStatus? {
        guard let text else { return nil }
        guard let status = TradeStatus(rawValue: text) else {
            throw Problem(status: 422, code: "INVALID_FILTER", detail: "status must be OPEN or CLOSED.")
        }
        return status
    }
}
