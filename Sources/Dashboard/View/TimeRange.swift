import ContractRuntime

/// How far back charts look. It stands in the address as `range`, and means the same on every page.
enum TimeRange: String, CaseIterable {
    case hour = "1h"
    case day = "24h"
    case week = "7d"
    case month = "30d"

    /// What a page was asked for, or what it shows by itself.
    init(_ request: WebRequest, else usual: TimeRange = .day) {
        self = request.query["range"].flatMap(TimeRange.init(rawValue:)) ?? usual
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

    /// The parameters that ask an operation for some 240 points of it.
    var query: Fields {
        Fields(of: [
            ("from", "\(Timestamp.now.adding(seconds: -seconds))"), ("step_seconds", "\(seconds / 240)"),
            ("limit", "400"),
        ])
    }

    /// Leads to the same page with other ranges.
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
