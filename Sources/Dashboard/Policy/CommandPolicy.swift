import Generated

// Which commands pages offer, and which of them warn. The server decides what a command needs and which commands may be canceled.

extension CommandType {
    /// The commands with which the kill switch stops trading, mildest first.
    static let stopping: [CommandType] = [.reduceOnly, .safeMode, .cancelAll, .flatten]
    /// The commands with which the kill switch resumes trading.
    static let resuming: [CommandType] = [.start]

    /// Whether its button warns beside the buttons of other commands: it trades, and so cannot be undone.
    var isIrreversible: Bool { self == .flatten }

    /// The effect of the command as the start of a sentence that ends with its instances.
    var effect: String {
        switch self {
        case .start: "Starts or resumes trading on"
        case .stop: "Stops"
        case .restart: "Restarts"
        case .safeMode: "Blocks new orders and keeps the positions of"
        case .reduceOnly: "Blocks orders that increase positions of"
        case .cancelAll: "Cancels all open orders of"
        case .flatten: "Cancels all open orders and closes all positions of"
        case .setMode: "Changes the mode of"
        case .syncBalance: "Compares the balances, orders and positions of the exchange with those of"
        }
    }
}

extension InstanceStatus {
    /// The commands that an operator usually wants in this state. The others stay available, because the shown state may be outdated.
    var usualCommands: [CommandType] {
        switch self {
        case .running, .degraded: [.safeMode, .reduceOnly, .stop, .flatten]
        case .reduceOnly: [.start, .safeMode, .cancelAll, .flatten]
        case .safeMode: [.start, .cancelAll, .flatten]
        case .flattened: [.start, .stop]
        case .stopped: [.start, .syncBalance]
        case .lost, .unresponsive: [.safeMode, .flatten]
        }
    }

    /// A warning for operators who send a command in this state.
    var note: String? {
        switch self {
        case .lost: "the instance is silent: it gets a command only if it reports again before the command expires"
        case .unresponsive: "the bot does not respond to its agent: a command may fail"
        case .running, .degraded, .reduceOnly, .safeMode, .flattened, .stopped: nil
        }
    }
}

extension CommandStatus {
    /// Whether an instance may still execute the command.
    var isOpen: Bool { self == .awaitingApproval || self == .pending || self == .accepted }

    /// Whether pages offer to cancel the command: its instance has not accepted it.
    var isCancelable: Bool { self == .awaitingApproval || self == .pending }
}

extension CommandOutcome {
    /// Whether the instance may have executed the command, so that repeating it would execute it twice.
    var mayHaveActed: Bool {
        switch self {
        case .unknown, .acceptedLate, .completedLate, .failedLate: true
        case .notDelivered, .rejectedLate: false
        }
    }
}
