import Generated

// Which commands pages offer, and which of them warn. The server decides what a command needs and which commands may be canceled.

extension CommandType {
    /// The commands with which the kill switch stops trading, mildest first.
    static let stopping: [CommandType] = [.reduceOnly, .safeMode, .cancelAll, .flatten]
    /// The commands with which the kill switch resumes trading.
    static let resuming: [CommandType] = [.start]

    /// Whether its button warns beside the buttons of other commands: it trades, and so cannot be undone.
    var isIrreversible: Bool { self == .flatten }
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
