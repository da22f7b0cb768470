import ContractRuntime
import Generated

/// The effect of a command on trading.
///
/// This is the only definition of a high-risk command, one that ends or begins real trading. Responses state it for each instance, so that
/// the dashboard and other clients need no other definition.
struct CommandEffect {
    let type: CommandType
    let payload: JSONObject

    /// Whether the command ends or begins real trading on an instance. With `COMMAND_APPROVAL` it waits there for approval.
    ///
    /// - Parameter mode: The evidence of the instance's mode; nil if there is none, which counts as LIVE.
    func isHighRisk(on mode: ModeEvidence?) -> Bool {
        switch type {
        case .flatten, .start: mode?.countsAsLive ?? true
        case .setMode: mayBeginRealTrading
        case .safeMode, .reduceOnly, .cancelAll, .stop, .restart, .syncBalance: false
        }
    }

    /// Whether the command raises an alert if it is not executed: it stops trading, or ends or begins real trading.
    var isCritical: Bool {
        switch type {
        case .safeMode, .reduceOnly, .cancelAll, .flatten, .stop: true
        case .setMode: mayBeginRealTrading
        case .start, .restart, .syncBalance: false
        }
    }

    /// Whether a bot may read LIVE from the payload of SET_MODE: always, unless each member names a mode, and exactly one that is not LIVE.
    private var mayBeginRealTrading: Bool {
        guard case .object(let members) = JSONValue(payload.description), !members.isEmpty else { return true }
        return !members.allSatisfy { member in
            guard ["mode", "runtime_mode"].contains(where: { member.name.hasSameScalars(as: $0) }),
                case .string(let text) = member.value
            else { return false }
            return RuntimeMode.allCases.contains { $0 != .live && text.hasSameScalars(as: $0.rawValue) }
        }
    }
}
