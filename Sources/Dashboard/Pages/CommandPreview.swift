import Crypto
import Generated

/// What a command would hit, as it is now.
struct CommandPreview {
    let type: CommandType
    /// Whom it means, as the operation is told.
    let target: FleetQuery
    /// Whom that is now, and what they hold.
    let reach: BulkCommands
    /// Some of them, to be looked at.
    let sample: [Instance]
    let level: ConfirmationLevel
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
