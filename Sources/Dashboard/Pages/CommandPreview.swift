import Digests
import Generated

/// The current effect of a command, shown before it is sent.
struct CommandPreview {
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

    /// The text that the operator must type exactly.
    var phrase: String {
        if instances.count == 1 { return "\(type.rawValue) \(sample.first?.botID ?? instances[0].instanceID)" }
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
}
