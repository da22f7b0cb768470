import ContractRuntime
import Generated

// The tables of trades, orders, balances and log lines.

extension Dashboard {
    /// Whose trades a table has. That of the fleet names the bot of each trade.
    enum TradeScope {
        case instance
        case fleet
    }

    /// A table of trades that are all open or all closed.
    static func tradeTable(_ page: TradePage, _ status: TradeStatus, _ scope: TradeScope) -> Table {
        let isClosed = status == .closed
        let isFleet = scope == .fleet
        let columns = (isClosed ? TableName.closedTrades : .openTrades).columns.filter { isFleet || $0.name != "bot" }
        let rows = page.items.map { trade in
            var cells: [Cell] = [.text(trade.symbol, note: "\(trade.direction) · \(trade.tradeID)")]
            if isFleet { cells.append(trade.bot) }
            cells += trade.times
            cells += [trade.size, .quantity(trade.entryPrice)]
            cells += isClosed ? [.quantity(trade.exitPrice)] : [trade.currentPriceCell, trade.openProfitCell]
            cells += [trade.profitCell, .money(trade.fees, trade.currency), trade.reason, trade.strategy]
            return Row(
                key: "\(trade.instanceID) \(trade.tradeID)",
                href: isFleet ? trade.instancePage : nil,
                cells: cells
            )
        }
        return Table(
            caption: isClosed ? "Closed trades" : "Open trades",
            columns: columns,
            rows: rows,
            empty: Table.Empty(text: isClosed ? "No closed trades" : "No open trades")
        ).labelled().aligned()
    }

    static func orderTable(_ page: OrderPage, _ caption: String) -> Table {
        Table(
            caption: caption,
            columns: [
                .init("Placed"), .init("Symbol"), .init("Side"), .init("Status"), .init("Quantity", isNumeric: true),
                .init("Filled", isNumeric: true), .init("Price", isNumeric: true),
                .init("Average price", isNumeric: true), .init("Reduce only"), .init("Account"), .init("Trade"),
                .init("Changed"),
            ],
            rows: page.items.map { order in
                Row(
                    key: "\(order.instanceID) \(order.orderID)",
                    cells: [
                        .time(Moment(order.createdAt)), .id(order.symbol, note: order.orderID),
                        .text(order.side.rawValue, note: order.orderType),
                        .text(order.status.rawValue, tone: order.status.tone), .quantity(order.quantity),
                        .quantity(order.filledQuantity), .quantity(order.price), .quantity(order.averagePrice),
                        .text(order.isReduceOnly.map { $0 ? "yes" : "no" }), .id(order.accountID, note: order.venue),
                        .id(order.tradeID ?? "—", note: order.tag), .time(Moment(order.updatedAt)),
                    ]
                )
            },
            empty: Table.Empty(text: "No \(caption.lowercased())")
        ).labelled().aligned()
    }

    /// The number of balances per page.
    private static var balancesShown: Int { 100 }

    static func balanceTable(_ list: BalanceList, _ base: String, _ query: Fields, page: Int) -> Table {
        let (size, page) = (balancesShown, max(page, 1))
        let items = list.items.dropFirst(page.subtractingSaturated(1).multipliedSaturated(by: size)).prefix(size)
        var table = Table(
            caption: "Balances",
            columns: [
                .init("Account"), .init("Currency"), .init("Total", isNumeric: true), .init("Free", isNumeric: true),
                .init("Read"),
            ],
            rows: items.map { balance in
                Row(
                    key: "\(balance.venue) \(balance.accountID) \(balance.currency)",
                    cells: [
                        .id(balance.accountID, note: balance.venue), .text(balance.currency),
                        .money(balance.total, balance.currency), .money(balance.free, balance.currency),
                        .time(Moment(balance.updatedAt)),
                    ]
                )
            },
            empty: Table.Empty(text: "No balances reported")
        )
        table.pages = Table.Pages(base, query, page: page, size: size, total: list.items.count)
        return table.labelled().aligned()
    }

    static func logTable(_ page: LogPage) -> Table {
        Table(
            caption: "Log lines",
            columns: [.init("Time"), .init("Level"), .init("Logger"), .init("Message")],
            rows: page.items.enumerated().map { place, line in
                Row(
                    key: "\(line.timestamp) \(place)",
                    cells: [
                        .time(Moment(line.timestamp)), .icon(StatusIcon(line.level), line.level.rawValue),
                        .id(line.logger ?? "—"), .message(line.message),
                    ]
                )
            },
            empty: Table.Empty(text: "No warnings or errors reported")
        ).labelled()
    }
}
