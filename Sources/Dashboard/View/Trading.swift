import ContractRuntime
import Generated

// How pages show the trades, orders and logs of bots.

extension Trade {
    /// The page of its instance; nil if the instance was deleted.
    var instancePage: String? {
        botID.map { "/bots/\(PercentEncoding.encode($0))/\(PercentEncoding.encode(instanceID))" }
    }

    /// A profit as a share of the value of its entries; nil if it is unknown, or without a positive value.
    private func share(_ profit: Decimal?) -> String? {
        let value = entryQuantity.approximate * entryPrice.approximate
        guard let profit, value > 0, value.isFinite else { return nil }
        let share = profit.approximate / value
        return (share > 0 ? "+" : "") + Figures.percent(share)
    }

    /// The time from its opening to its closing, or until now.
    func duration(now: Timestamp = .now) -> String {
        Figures.duration(seconds: openedAt.seconds(until: closedAt ?? now))
    }

    /// Its bot, instance and mode.
    var bot: Cell {
        var cell = Cell.id(botID ?? "—", href: instancePage, note: instanceID)
        cell.mode = runtimeMode.rawValue
        return cell
    }

    /// When it was opened and, if it is closed, when it was closed. The duration is below the last of them.
    var times: [Cell] {
        let opened = Moment(openedAt)
        if status == .open { return [Cell(note: duration(), time: opened)] }
        return [.time(opened), closedAt.map { Cell(note: duration(), time: Moment($0)) } ?? .unknown]
    }

    /// The direction, with the leverage unless it is 1.
    var direction: String {
        leverage.map { "\(side.rawValue) × \(Figures.quantity($0))" } ?? side.rawValue
    }

    /// The quantity: of an open trade the one that is held, with that of its entries if they differ.
    var size: Cell {
        if status == .closed { return .number(Figures.quantity(entryQuantity)) }
        let note = quantity == entryQuantity ? nil : "of \(Figures.quantity(entryQuantity))"
        return .number(Figures.quantity(quantity), note: note)
    }

    /// The realized profit with its currency, and its share of the entries' value.
    var profitCell: Cell { .money(profit, currency, signed: true, note: share(profit)) }

    /// The profit that it would yield now, likewise.
    var openProfitCell: Cell { .money(unrealizedProfit, currency, signed: true, note: share(unrealizedProfit)) }

    /// The price at which it could be closed, with the time of that price.
    var currentPriceCell: Cell {
        var cell = Cell.quantity(currentPrice)
        if currentPrice != nil { cell.noteTime = Moment(updatedAt) }
        return cell
    }

    /// Why it was closed, and why it was opened.
    var reason: Cell { .text(exitReason, note: entryTag.map { "entry: \($0)" }) }

    /// The strategy with its version.
    var strategy: Cell {
        guard strategyName != nil || strategyVersion != nil else { return .unknown }
        return .text(strategyName ?? "—", note: strategyVersion.map { "version \($0)" })
    }
}

extension OrderStatus {
    var tone: String {
        switch self {
        case .open: "warn-text"
        case .filled: "good-text"
        case .rejected: "bad-text"
        case .canceled, .expired: ""
        }
    }
}

extension StatusIcon {
    init(_ level: LogLevel) { self = level == .warning ? .warning : .critical }
}

extension Figures {
    /// A quantity or a price, with all of its digits and no others.
    static func quantity(_ value: Decimal) -> String {
        let text = amount(value)
        guard text.hasSuffix("0"), text.contains("."), !text.contains("×") else { return text }
        let digits = text.reversed().drop { $0 == "0" }
        return String((digits.first == "." ? digits.dropFirst() : digits).reversed())
    }
}

extension Cell {
    /// An amount with its currency.
    static func money(_ value: Decimal?, _ currency: String, signed: Bool = false, note: String? = nil) -> Cell {
        guard let value else { return .unknownNumber }
        let text = "\(Figures.amount(value, signed: signed)) \(currency)"
        return .number(text, note: note, tone: Figures.tone(value))
    }

    /// A quantity or a price; a dash if it is unknown.
    static func quantity(_ value: Decimal?) -> Cell {
        guard let value else { return .unknownNumber }
        return .number(Figures.quantity(value))
    }
}

extension OrderPage: CountLimitedPage {}
extension TradePage: CountLimitedPage {}
