import ContractRuntime

/// The titles of the metrics that the server computes with. Any other metric is shown under the name that the bot reports.
enum MetricTitle {
    static func text(_ type: String) -> String {
        known.first { $0.type.hasSameScalars(as: type) }?.title ?? type
    }

    /// The title, if it differs from the name.
    static func note(_ type: String) -> String? {
        let title = text(type)
        return title.hasSameScalars(as: type) ? nil : title
    }

    private static let known: [(type: String, title: String)] = [
        ("equity", "Equity"), ("net_exposure", "Net exposure"), ("gross_exposure", "Gross exposure"),
        ("realized_pnl", "Realised PnL"), ("unrealized_pnl", "Unrealised PnL"), ("latency_ms", "Latency, ms"),
    ]
}
