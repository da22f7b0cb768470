import ContractRuntime
import Generated

// The facts about an instance: at the top of its page, and in its configuration.

extension Dashboard {
    /// - Parameters:
    ///   - cause: Why the instance does not trade.
    ///   - siblings: The instances of the bot.
    static func facts(_ instance: Instance, _ drift: StrategyDrift?, _ cause: Cell?, _ siblings: InstancePage) -> [Block
        .Fact]
    {
        let hash = instance.strategyHash.map { "hash \(Figures.shortHash($0))" }
        let name = instance.strategyWithVersion ?? (hash == nil ? nil : "—")
        let strategy = Cell.text(name, note: hash).marked(drift, instance)
        let all = Cell(text: "\(Figures.count(siblings.total)) instances", href: bot(of: instance))
        return [
            Block.Fact("Status", .status(instance.displayStatus))
        ] + (cause.map { [Block.Fact("Cause", $0)] } ?? []) + [
            Block.Fact("Mode", .mode(instance.runtimeMode.rawValue)),
            Block.Fact("Market", .text("\(instance.symbol) on \(instance.exchange)")),
            Block.Fact("Exposure", .text(Figures.exposure(instance.exposures))),
            Block.Fact("Strategy", strategy),
            Block.Fact("Version", .text(instance.version)),
            Block.Fact("Last seen", Cell(note: nil, time: Moment(instance.lastSeen))),
            Block.Fact("Clock", .text(instance.clock)),
            Block.Fact("User interface", interface(instance)),
        ] + (siblings.total > 1 ? [Block.Fact("Bot", all)] : [])
    }

    /// The facts of the tab "Configuration".
    static func setup(_ instance: Instance) -> [Block.Fact] {
        let accounts = instance.accounts.map { account in
            var cell = Cell.text(account.accountID, note: account.venue)
            cell.mode = account.mode.rawValue
            return Block.Fact("Account", cell)
        }
        return [
            Block.Fact("Software", .text(instance.software)),
            Block.Fact("Strategy hash", .id(instance.strategyHash ?? "—")),
            Block.Fact("Symbols", symbols(instance)),
            Block.Fact("Boot ID", .id(instance.bootID ?? "—")),
            Block.Fact("First seen", .time(Moment(instance.firstSeen))),
        ] + accounts
    }

    /// All symbols; more than a few are hidden until the reader opens them.
    private static func symbols(_ instance: Instance) -> Cell {
        let symbols = instance.symbols.isEmpty ? [instance.symbol] : instance.symbols
        let text = symbols.joined(separator: ", ")
        if symbols.count <= 8 { return .text(text) }
        return Cell(details: Cell.Details(summary: "\(Figures.count(symbols.count)) symbols", text: text))
    }

    /// A link to the bot's own user interface, or its address as text if it is not safe as a link.
    private static func interface(_ instance: Instance) -> Cell {
        guard let address = instance.uiURL else { return .unknown }
        guard let link = BotInterface(address) else { return .text(address) }
        return Cell(text: link.host, href: link.href, isExternal: true)
    }
}

extension Cell {
    /// The cell with a mark, if the instance's strategy differs from that of other instances of its bot.
    func marked(_ drift: StrategyDrift?, _ instance: Instance) -> Cell {
        guard drift?.includes(instance) == true else { return self }
        var cell = self
        cell.icon = .drift
        cell.note = [note, StatusIcon.drift.word].compactMap(\.self).joined(separator: " · ")
        return cell
    }
}
