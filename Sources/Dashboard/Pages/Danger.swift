import Crypto
import Generated

/// How much stands between a button and what it does.
enum Danger: Int, Comparable {
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
        var level: Danger =
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

    static func < (lhs: Danger, rhs: Danger) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// What a command would hit, as it is now.
struct Preview {
    let type: CommandType
    /// Whom it means, as the operation is told.
    let target: FleetQuery
    /// Whom that is now, and what they hold.
    let reach: BulkCommands
    /// Some of them, to be looked at.
    let sample: [Instance]
    let level: Danger
    /// Why the command may be carried out twice; nil where it repeats none.
    var warning: String?

    var instances: [BulkCommand] { reach.items }

    /// What has to be typed, letter by letter.
    var phrase: String {
        if instances.count == 1 { return "\(type.rawValue) \(sample.first?.botID ?? instances[0].instanceID)" }
        let live = instances.count { $0.runtimeMode == .live }
        if type == .setMode { return "\(type.rawValue) \(instances.count) LIVE" }
        return live > 0 ? "\(type.rawValue) \(live) LIVE" : "\(type.rawValue) \(instances.count)"
    }

    /// The same for the same instances in the same modes, so that a fleet that has changed since is noticed.
    var fingerprint: String {
        let text = instances.map { "\($0.instanceID)\u{0}\($0.runtimeMode.rawValue)" }.sorted().joined(
            separator: "\u{1}"
        )
        let digest = SHA256.hash(data: Array("\(type.rawValue)\u{1}\(text)".utf8))
        return "\(instances.count)-"
            + digest.prefix(12).map { byte in
                let digits = String(byte, radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
    }

    /// How many instances were hit when a fingerprint was made.
    static func count(of fingerprint: String) -> Int? { fingerprint.split(separator: "-").first.flatMap { Int($0) } }
}
