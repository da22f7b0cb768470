import ContractRuntime

/// The time range of charts. All pages use the query parameter `range`.
enum TimeRange: String, CaseIterable {
    case hour = "1h"
    case day = "24h"
    case week = "7d"
    case month = "30d"

    /// The range in the request, or the default of the page.
    init(_ request: WebRequest, else standard: TimeRange = .day) {
        self = request.query["range"].flatMap(TimeRange.init(rawValue:)) ?? standard
    }

    var text: String {
        switch self {
        case .hour: "1 hour"
        case .day: "24 hours"
        case .week: "7 days"
        case .month: "30 days"
        }
    }

    private var seconds: Int64 {
        switch self {
        case .hour: 3_600
        case .day: 86_400
        case .week: 7 * 86_400
        case .month: 30 * 86_400
        }
    }

    /// The query parameters for about 240 points of the range.
    var query: Fields {
        let from = Timestamp.now.adding(seconds: -seconds)
        return Fields(of: [("from", "\(from)"), ("step_seconds", "\(seconds / 240)"), ("limit", "400")])
    }

    /// The query parameters for about 60 points of the range, for charts with several curves.
    var coarseQuery: Fields { query.with("step_seconds", "\(seconds / 60)") }

    /// The time that a chart of the range shows. A point can be as old as the start of its step.
    func scale(now: Timestamp = .now) -> TimeScale {
        TimeScale(from: now.adding(seconds: -seconds.addingSaturated(seconds / 240)), to: now)
    }

    /// Links to the same page with each range.
    func choices(_ path: String, _ query: Fields = .none) -> [PageView.Tab] {
        TimeRange.allCases.map { range in
            PageView.Tab(
                text: range.rawValue,
                href: "\(path)?\(query.with("range", range.rawValue).text)",
                isCurrent: range == self
            )
        }
    }
}
