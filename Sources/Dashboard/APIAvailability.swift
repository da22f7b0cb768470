public import ContractRuntime

/// Whether the API responds, which runs in a process of its own.
public enum APIAvailability: Sendable {
    case available
    /// It does not respond, since this time.
    case out(since: Timestamp)
    /// It responds again, after an outage.
    case recovered(from: Timestamp, to: Timestamp)

    /// How many seconds after an outage it is still mentioned.
    private static let memory = 60

    /// The banner on every page; nil while the API responds.
    func banner(now: Timestamp = .now) -> Shell.Banner? {
        switch self {
        case .available: return nil
        case .out(let since):
            let text = """
                The API does not respond since \(Self.clock(since)) UTC. Bots cannot report or fetch commands; they stop by \
                themselves when their dead-man switch acts. Commands are stored and delivered when the API responds again.
                """
            return Shell.Banner(text: text, look: "bad", role: "alert")
        case .recovered(let start, let end):
            guard end.seconds(until: now) < Self.memory else { return nil }
            let text = """
                The API did not respond from \(Self.clock(start)) to \(Self.clock(end)) UTC. It responds again.
                """
            return Shell.Banner(text: text, look: "", role: "status")
        }
    }

    /// The figure on the page about the service.
    var figure: Block.Figure {
        switch self {
        case .available: Block.Figure("API", "responds")
        case .out(let since): Block.Figure("API", "out", note: "since \(Self.clock(since)) UTC", tone: "bad-text")
        case .recovered(_, let end): Block.Figure("API", "responds", note: "again since \(Self.clock(end)) UTC")
        }
    }

    /// `09:30:00`
    private static func clock(_ time: Timestamp) -> Substring { "\(time)".dropFirst(11).prefix(8) }
}
