import ContractRuntime

/// The time range of closed trades, in the query parameter `range`.
enum TradeRange: String, CaseIterable {
    case day = "1d"
    case week = "7d"
    case month = "30d"
    case quarter = "90d"

    /// The range with this name; 30 days by default.
    init(named name: String?) {
        self = name.flatMap(TradeRange.init(rawValue:)) ?? .month
    }

    private var days: Int64 {
        switch self {
        case .day: 1
        case .week: 7
        case .month: 30
        case .quarter: 90
        }
    }

    var text: String { self == .day ? "24 hours" : "\(days) days" }

    /// The start of the range that ends now.
    func start(now: Timestamp = .now) -> Timestamp { now.adding(seconds: -days * 86_400) }
}
