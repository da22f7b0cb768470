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
        case .safeMode, .reduceOnly, .cancelAll, .stop, .start, .restart, .syncBalance: []
        }
    }

    /// Whether the command raises an alert if it is not executed: it stops trading, or ends or begins real trading.
    var isCritical: Bool {
        switch type {
        case .safeMode, .reduceOnly, .cancelAll, .flatten, .stop: true
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
