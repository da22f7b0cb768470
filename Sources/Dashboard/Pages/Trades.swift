import ContractRuntime
import Generated

extension Dashboard {
    /// The filter parameters of trades.
    private static var tradeFilters: [String] { ["mode", "bot_id", "instance_id", "symbol", "status", "range"] }

    /// `/trades`: statistics of trades per currency and by a key, and lists of the open and the closed trades.
    func trades(_ request: WebRequest) async throws(Problem) -> PageView {
        let known = Self.tradeFilters + ["group", "sort", "page", "open_page", "group_page"]
        let query = Fields(of: known.map { ($0, request.query[$0]) })
        let unknown = Set(request.query.pairs.map(\.name)).subtracting(known)
        var blocks = [Block("filters", shape: "plain", .form(Self.tradeForm(query)))]
        let filter = Fields(of: ["bot_id", "instance_id", "symbol", "mode"].map { ($0, query[$0]) })
        blocks += try await figures(filter, query, request) + lists(filter, query, request)
        return PageView(
            title: "Trades",
            note: unknown.isEmpty ? nil : "ignored unknown filters: \(unknown.sorted().joined(separator: ", "))",
            blocks: blocks
        )
    }

    private static func tradeForm(_ query: Fields) -> Form {
        let range = TradeRange(named: query["range"])
        return Form(
            action: "/trades",
            method: "get",
            hidden: ["group", "sort"].compactMap { name in query[name].map { Form.Hidden(name: name, value: $0) } },
            fields: [
                Form.Field(
                    "mode",
                    "Mode",
                    options: Form.Option.all(RuntimeMode.self, or: "All modes", selected: query["mode"])
                ),
                Form.Field("bot_id", "Bot", value: query["bot_id"] ?? ""),
                Form.Field("instance_id", "Instance", value: query["instance_id"] ?? ""),
                Form.Field("symbol", "Symbol", value: query["symbol"] ?? ""),
                Form.Field("status", "Status", options: Form.Option.all(TradeStatus.self, selected: query["status"])),
                Form.Field(
                    "range",
                    "Closed in the last",
                    options: TradeRange.allCases.map { Form.Option($0.rawValue, $0.text, selected: range.rawValue) }
                ),
            ],
            buttons: [Form.Button("Apply filters")]
        )
    }

    // MARK: - Lists

    private func lists(_ filter: Fields, _ query: Fields, _ request: WebRequest) async throws(Problem) -> [Block] {
        let status = try TradeStatus.filter(query["status"])
        var blocks: [Block] = []
        if status != .closed {
            blocks.append(
                Block(
                    "open-trades",
                    "Open trades",
                    asOf: .now,
                    .table(try await tradeList(filter, .open, "open_page", query, request))
                )
            )
        }
        if status != .open {
            let range = TradeRange(named: query["range"])
            let recent = filter.with("from", "\(range.start())")
            blocks.append(
                Block(
                    "closed-trades",
                    "Closed trades, \(range.text)",
                    asOf: .now,
                    .table(try await tradeList(recent, .closed, "page", query, request))
                )
            )
        }
        return blocks
    }

    /// A list of trades that are all open or all closed.
    ///
    /// - Parameter parameter: The name of the query parameter that has the number of the list's page.
    private func tradeList(
        _ filter: Fields,
        _ status: TradeStatus,
        _ parameter: String,
        _ query: Fields,
        _ request: WebRequest
    ) async throws(Problem) -> Table {
        let selected = filter.with("status", status.rawValue)
        let number = query[parameter]
        let page = try await api.listTrades(input(request, selected.with("page", number).with("page_size", "25"))).body
        var table = Self.tradeTable(page, status, .fleet)
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
