public import ContractRuntime

/// Whether the API, which runs in a separate process, responds.
public enum APIAvailability: Sendable {
    case available
    /// The API has not responded since this time.
    case out(since: Timestamp)
    /// The API responds again after an outage between these times.
    case recovered(from: Timestamp, to: Timestamp)

    /// How many seconds the banner stays after an outage.
    private static let recoveryBannerSeconds = 60

    /// The banner on every page; nil while the API responds.
    func banner(now: Timestamp = .now) -> Shell.Banner? {
        switch self {
        case .available: return nil
        case .out(let since):
            let text = """
                The API has not responded since \(Self.clock(since)) UTC. Bots cannot report or fetch commands, and stop when \
                their dead-man switches trigger. Commands are stored and delivered when the API responds again.
                """
            return Shell.Banner(text: text, look: "bad", role: "alert")
        case .recovered(let start, let end):
            guard end.seconds(until: now) < Self.recoveryBannerSeconds else { return nil }
            let text = """
                The API did not respond from \(Self.clock(start)) to \(Self.clock(end)) UTC. It is responding again.
                """
            return Shell.Banner(text: text, look: "", role: "status")
        }
    }

    /// The figure on the System page.
    var figure: Block.Figure {
        switch self {
        case .available: Block.Figure("API", "available")
        case .out(let since):
            Block.Figure("API", "unavailable", note: "since \(Self.clock(since)) UTC", tone: "bad-text")
        case .recovered(_, let end): Block.Figure("API", "available", note: "again since \(Self.clock(end)) UTC")
        }
    }

    /// `09:30:00`
    private static func clock(_ time: Timestamp) -> Substring { "\(time)".dropFirst(11).prefix(8) }
}
