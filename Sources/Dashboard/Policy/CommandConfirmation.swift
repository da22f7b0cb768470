import ContractRuntime
import Digests
import Generated

/// The current effect of a command, which its page shows, and what an operator must enter to confirm it.
struct CommandConfirmation {
    let type: CommandType
    /// The query that selects the instances.
    let target: FleetQuery
    /// The instances that match now, and their exposure.
    let reach: BulkCommands
    let level: ConfirmationLevel
    /// Why the command may be executed twice; nil unless it repeats a command with an unknown outcome.
    var warning: String?

    var instances: [BulkCommand] { reach.items }

    /// The first instances with their state, to show on the page.
    var sample: [CommandTarget] { reach.instances ?? [] }

    /// Whether the command ends or begins real trading on one of the instances. The server decides it.
    var isHighRisk: Bool { instances.contains { $0.isHighRisk == true } }

    /// The text that the operator must type exactly.
    var phrase: String {
        if let only = instances.first, instances.count == 1 { return "\(type.rawValue) \(only.instanceID)" }
        let live = instances.count { $0.runtimeMode == .live }
        if type == .setMode { return "\(type.rawValue) \(instances.count) LIVE" }
        return live > 0 ? "\(type.rawValue) \(live) LIVE" : "\(type.rawValue) \(instances.count)"
    }

    /// A fingerprint of the instances and their modes. If it has changed, the preview is outdated.
    var fingerprint: String {
        let text = instances.map { "\($0.instanceID)\u{0}\($0.runtimeMode.rawValue)" }.sorted().joined(
            separator: "\u{1}"
        )
        return "\(instances.count)-\(SHA256.hexadecimal(of: "\(type.rawValue)\u{1}\(text)").prefix(24))"
    }

    /// The number of instances that a fingerprint was made of.
    static func count(of fingerprint: String) -> Int? { fingerprint.split(separator: "-").first.flatMap { Int($0) } }

    /// Rejects a form that does not confirm the command at its level.
    func check(_ form: Fields) throws(Problem) {
        if type == .setMode, form["mode"].flatMap(RuntimeMode.init(rawValue:)) == nil {
            throw Problem(status: 400, code: "NO_MODE", detail: "The mode is missing or unknown.")
        }
        if level >= .confirmed {
            let seen = form["preview"] ?? ""
            if seen != fingerprint {
                let more = instances.count.subtractingSaturated(Self.count(of: seen) ?? 0)
                let noun = more.magnitude == 1 ? "instance" : "instances"
                let change =
                    more > 0
                    ? "\(more) more \(noun)"
                    : more < 0 ? "\(more.magnitude) fewer \(noun)" : "other instances or modes"
                throw .outdatedPreview(change)
            }
        }
        if level >= .reasoned {
            _ = try Confirmation.reason(in: form)
            _ = try Confirmation.lifetime(in: form)
        }
        if level == .typed {
            try Confirmation.checkPhrase(phrase, in: form, outcome: "Nothing was sent.")
        }
    }
}

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
    init(_ type: CommandType, on instances: [BulkCommand], isKillSwitch: Bool) {
        let isLive = instances.contains { $0.runtimeMode == .live }
        let isBulk = instances.count > 1
        var level: ConfirmationLevel =
            switch type {
            case .syncBalance: .none
            case .start, .restart, .setMode: .confirmed
            case .safeMode, .reduceOnly: isLive ? .reasoned : .confirmed
            case .stop, .cancelAll, .flatten: .reasoned
            }
        // The server decides which commands end or begin real trading.
        if instances.contains(where: { $0.isHighRisk == true }) { level = .typed }
        if instances.count > Self.bulkWithoutReason { level = max(level, .reasoned) }
        if isBulk, isLive, level == .reasoned { level = .typed }
        self = isKillSwitch ? .typed : level
    }

    static func < (lhs: ConfirmationLevel, rhs: ConfirmationLevel) -> Bool { lhs.rawValue < rhs.rawValue }
}
