import ContractRuntime
import Generated

/// The effect of a command on trading.
struct CommandEffect {
    let type: CommandType
    let payload: JSONObject

    /// The modes of instances in which the command ends or begins real trading. With `COMMAND_APPROVAL` it waits there for the approval of a
    /// second person.
    var graveModes: [RuntimeMode] {
        switch type {
        case .flatten: [.live]
        case .setMode: beginsRealTrading ? RuntimeMode.allCases : []
        case .safeMode, .cancelAll, .stop, .start, .restart, .syncBalance: []
        }
    }

    /// Whether the command raises an alert if it is not executed: it stops trading, or ends or begins real trading.
    var isCritical: Bool {
        switch type {
        case .safeMode, .cancelAll, .flatten, .stop: true
        case .setMode: beginsRealTrading
        case .start, .restart, .syncBalance: false
        }
    }

    /// Whether SET_MODE sets the mode LIVE, which bots read from either member.
    private var beginsRealTrading: Bool {
        guard let payload = JSONValue(payload.description) else { return false }
        return ["mode", "runtime_mode"].contains { name in
            guard case .string(let mode) = payload[name] else { return false }
            return mode.uppercased().hasSameScalars(as: RuntimeMode.live.rawValue)
        }
    }
}

extension CommandStatus {
    /// The status after an acknowledgement: PENDING → ACCEPTED → COMPLETED or FAILED, and from PENDING also to a rejection. Finished,
    /// expired and canceled commands keep their status, and an accepted command cannot be rejected.
    func after(_ acknowledgement: AcknowledgementStatus) -> CommandStatus {
        switch (self, acknowledgement) {
        case (.pending, .accepted): .accepted
        case (.pending, .completed), (.accepted, .completed): .completed
        case (.pending, .failed), (.accepted, .failed): .failed
        case (.pending, .rejectedExpired): .rejectedExpired
        case (.pending, .rejectedDuplicate): .rejectedDuplicate
        default: self
        }
    }
}

extension CommandOutcome {
    /// The outcome of an ended command after a late acknowledgement. The first COMPLETED or FAILED is kept. A rejection does not replace an
    /// indication that the command was executed.
    func after(_ acknowledgement: AcknowledgementStatus) -> CommandOutcome {
        switch (self, acknowledgement) {
        case (.completedLate, _), (.failedLate, _): self
        case (_, .completed): .completedLate
        case (_, .failed): .failedLate
        case (.acceptedLate, _), (_, .accepted): .acceptedLate
        case (_, .rejectedExpired), (_, .rejectedDuplicate): .rejectedLate
        }
    }
}
