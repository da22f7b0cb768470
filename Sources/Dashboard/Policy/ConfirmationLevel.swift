import Generated

/// The confirmation that a command requires before it is sent.
enum ConfirmationLevel: Int, Comparable {
    /// A click on the button.
    case none
    /// A preview of the affected instances.
    case confirmed
    /// The preview, a reason and a time to live.
    case reasoned
    /// The preview, a reason, a time to live and a typed phrase.
    case typed

    /// A command for more instances requires a reason, whatever it does.
    private static let bulkWithoutReason = 10

    /// The level that a command requires for these instances.
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
        if instances.count > Self.bulkWithoutReason { level = max(level, .reasoned) }
        if isBulk, isLive, level == .reasoned { level = .typed }
        self = isKillSwitch ? .typed : level
    }

    static func < (lhs: ConfirmationLevel, rhs: ConfirmationLevel) -> Bool { lhs.rawValue < rhs.rawValue }
}
