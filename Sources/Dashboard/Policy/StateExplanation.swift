import ContractRuntime
import Generated

/// Why an instance does not trade freely: a command, or its own decision.
enum StateExplanation {
    /// Whether a status has a cause to show.
    static func explains(_ status: InstanceStatus) -> Bool {
        switch status {
        case .safeMode, .flattened, .reduceOnly, .stopped: true
        case .running, .degraded, .lost, .unresponsive: false
        }
    }

    /// A cause that an instance reports; nil if the commands tell more.
    static func cell(_ cause: StateCause) -> Cell? {
        switch cause {
        case .deadMan: .text("its dead-man switch", note: "its agent had no response from the control plane")
        case .leaseLost: .text("a lost lease", note: "another process reports for this instance")
        case .bot: .text("the bot itself", note: "its agent reports what the bot reports")
        case .command: nil
        }
    }

    /// The command that is the cause of a status.
    ///
    /// - Parameter commands: The commands of the instance, newest first.
    static func cell(_ status: InstanceStatus, _ commands: [Command]) -> Cell {
        guard let command = commands.first(where: \.hasChangedState), command.leads(to: status) else {
            return .text("the instance itself", note: "no command did: its dead-man switch, a lost lease or its bot")
        }
        let outcome = command.status == .completed ? "" : " (\(command.status.rawValue))"
        return Cell(
            text: "\(command.commandType.rawValue) by \(command.createdBy)\(outcome)",
            href: "/commands/\(command.commandID.text)",
            note: command.reason,
            noteTime: Moment(command.createdAt)
        )
    }
}

extension Command {
    /// Whether the instance has executed it so far that its state changed. Agents block orders before they call the bot, so a command that
    /// failed later has done so; a START that failed has changed nothing.
    fileprivate var hasChangedState: Bool {
        switch commandType {
        case .safeMode, .flatten, .reduceOnly, .stop: [.accepted, .completed, .failed].contains(status)
        case .start: status == .completed
        default: false
        }
    }

    /// Whether an instance that executed it reports a status. A FLATTEN begins with SAFE_MODE, and leaves it if it fails.
    fileprivate func leads(to status: InstanceStatus) -> Bool {
        switch status {
        case .safeMode: commandType == .safeMode || commandType == .flatten && self.status != .completed
        case .flattened: commandType == .flatten
        case .reduceOnly: commandType == .reduceOnly
        case .stopped: commandType == .stop
        case .running, .degraded, .lost, .unresponsive: false
        }
    }
}
