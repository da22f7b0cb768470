import ContractRuntime
import Generated

/// A column of the list of instances.
struct InstanceColumn: Sendable {
    let name: String
    let title: String
    /// The order that its title stands for; nil for a drawing.
    let sort: ListInstancesSort?
    /// Whether the standard layout shows it.
    var isShown = true
    /// Whether phones leave it out.
    var isSecondary = false
    let cell: @Sendable (Instance, StrategyDrift?) -> Cell

    var column: Table.Column { marked(Table.Column(title)) }

    /// The column with a title that sorts by it.
    func column(_ ranking: Ranking) -> Table.Column {
        marked(sort.map { ranking.column(title, $0) } ?? Table.Column(title))
    }

    private func marked(_ column: Table.Column) -> Table.Column {
        var column = column
        column.name = name
        column.isShown = isShown
        column.isSecondary = isSecondary
        column.isRequired = sort == .bot
        return column
    }

    static let all: [InstanceColumn] =
        [
            InstanceColumn(name: "status", title: "Status", sort: .worst) { instance, _ in
                .status(instance.displayStatus)
            },
            InstanceColumn(name: "bot", title: "Bot", sort: .bot) { instance, _ in
                .id(instance.botID, href: instance.page, note: instance.instanceID)
            },
            InstanceColumn(name: "mode", title: "Mode", sort: .mode) { instance, _ in
                .mode(instance.runtimeMode.rawValue)
            },
            InstanceColumn(name: "symbol", title: "Symbol", sort: .symbol, isSecondary: true) { instance, _ in
                .text(instance.symbol, note: instance.exchange)
            },
            InstanceColumn(name: "version", title: "Version", sort: .version, isSecondary: true) { instance, drift in
                .text(instance.version, note: instance.strategyWithVersion).marked(drift, instance)
            },
            InstanceColumn(name: "last_seen", title: "Last seen", sort: .silent) { instance, _ in
                .age(instance.lastSeen)
            },
            InstanceColumn(name: "heartbeats", title: "Heartbeats, 1 h", sort: nil, isSecondary: true) { instance, _ in
                Cell(strip: HeartbeatStrip(instance.presence))
            },
            InstanceColumn(name: "equity", title: "Equity", sort: .equity) { instance, _ in
                var cell = Cell.amount(instance.equity, in: instance.currency)
                cell.spark = Sparkline(instance.equityDay)
                return cell
            },
            InstanceColumn(name: "drawdown", title: "Drawdown", sort: .drawdown, isSecondary: true) { instance, _ in
                .share(instance.drawdown)
            },
            InstanceColumn(name: "exposure", title: "Exposure", sort: .grossExposure, isSecondary: true) {
                instance,
                _ in
                .exposure(instance.exposures)
            },
            InstanceColumn(name: "net_pnl_today", title: "NetPnL today", sort: .netPnlToday) { instance, _ in
                .amount(instance.netPnlToday, in: instance.currency, signed: true)
            },
            InstanceColumn(name: "open", title: "Open", sort: .openAlerts, isSecondary: true) { instance, _ in
                .open(instance)
            },
        ] + optional

    /// The columns that users may add.
    private static let optional: [InstanceColumn] = [
        InstanceColumn(name: "net_pnl_week", title: "NetPnL, 7 days", sort: .netPnlWeek, isShown: false) {
            instance,
            _ in
            .amount(instance.netPnlWeek, in: instance.currency, signed: true)
        },
        InstanceColumn(name: "return_today", title: "Return today", sort: .returnToday, isShown: false) { instance, _ in
            .share(instance.returnToday, signed: true)
        },
        InstanceColumn(name: "slippage", title: "Slippage, bps", sort: .slippage, isShown: false) { instance, _ in
            instance.slippageBps.map { .number(Figures.decimal($0)) } ?? .unknownNumber
        },
        InstanceColumn(name: "exchange", title: "Exchange", sort: .exchange, isShown: false) { instance, _ in
            .text(instance.exchange)
        },
        InstanceColumn(name: "strategy", title: "Strategy", sort: .strategy, isShown: false) { instance, _ in
            .text(instance.strategy, note: instance.strategyVersion.map { "version \($0)" })
        },
        InstanceColumn(name: "software", title: "Software", sort: .software, isShown: false) { instance, _ in
            .text(instance.software)
        },
        InstanceColumn(name: "commands", title: "Pending commands", sort: .waitingCommands, isShown: false) {
            instance,
            _ in .count(instance.waitingCommands)
        },
        InstanceColumn(name: "clock", title: "Clock", sort: .clockLag, isShown: false) { instance, _ in
            instance.clock.map { .number($0) } ?? .unknownNumber
        },
        InstanceColumn(name: "first_seen", title: "First seen", sort: .firstSeen, isShown: false) { instance, _ in
            .time(Moment(instance.firstSeen))
        },
    ]
}

extension Cell {
    /// The open alerts of an instance, and its pending commands.
    fileprivate static func open(_ instance: Instance) -> Cell {
        var open =
            instance.worstSeverity.map { severity in
                Cell.icon(StatusIcon(severity), "\(instance.openAlerts) \(StatusIcon(severity).word)")
            } ?? Cell()
        let commands = instance.waitingCommands
        if commands > 0 { open.note = "\(Figures.count(commands)) \(commands == 1 ? "command" : "commands")" }
        return open
    }
}
