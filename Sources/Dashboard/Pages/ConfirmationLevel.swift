import Generated

/// How much stands between a button and what it does.
enum ConfirmationLevel: Int, Comparable {
    /// A click.
    case none
    /// A look at what is hit.
    case confirmed
    /// A reason, and for how long the command is good.
    case reasoned
    /// A phrase that is typed.
    case typed

    /// How grave a command is for these instances.
    init(_ type: CommandType, mode: String?, on instances: [BulkCommand], isKillSwitch: Bool) {
        let isLive = instances.contains { $0.runtimeMode == .live }
        let isBulk = instances.count > 1
        var level: ConfirmationLevel =
            switch type {
            case .syncBalance: .none
            case .start, .restart: .confirmed
            case .setMode: mode == "LIVE" ? .typed : .confirmed
            case .safeMode: isLive ? .reasoned : .confirmed
            case .stop, .cancelAll: .reasoned
            case .flatten: isLive ? .typed : .reasoned
            }
        if instances.count > 10 { level = max(level, .reasoned) }
        if isBulk, isLive, level == .reasoned { level = .typed }
        self = isKillSwitch ? .typed : level
    }

    static func < (lhs: ConfirmationLevel, rhs: ConfirmationLevel) -> Bool { lhs.rawValue < rhs.rawValue }
}
