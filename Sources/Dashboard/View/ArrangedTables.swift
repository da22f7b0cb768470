import Generated

// The tables whose columns users can arrange.

extension TableName {
    /// The columns of the table in the standard layout. Layouts and views that users have stored contain the names.
    var columns: [Table.Column] {
        switch self {
        case .instances: InstanceColumn.all.map(\.column)
        case .commands: Self.commandColumns
        case .alerts: Self.alertColumns
        case .openTrades:
            Self.tradeColumns(
                times: [("opened", "Opened, duration")],
                [
                    ("held", "Held"), ("entry_price", "Entry price"), ("current_price", "Current price"),
                    ("open_profit", "Open profit"), ("realised", "Realised"), ("fees", "Fees"),
                ]
            )
        case .closedTrades:
            Self.tradeColumns(
                times: [("opened", "Opened"), ("closed", "Closed, duration")],
                [
                    ("quantity", "Quantity"), ("entry_price", "Entry price"), ("exit_price", "Exit price"),
                    ("profit", "Profit"), ("fees", "Fees"),
                ]
            )
        case .audit: Self.auditColumns
        }
    }

    /// The query parameter in which a view has the columns of the table.
    var parameter: String { self == .openTrades ? "open_columns" : "columns" }

    /// The page with the table.
    var path: String {
        switch self {
        case .instances: "/bots"
        case .commands: "/commands"
        case .alerts: "/alerts"
        case .openTrades, .closedTrades: "/trades"
        case .audit: "/audit"
        }
    }

    private static let commandColumns: [Table.Column] = [
        .init("Created", name: "created"), .init("Command", name: "command", isRequired: true),
        .init("Instance", name: "instance"), .init("Status", name: "status"),
        .init("Time to live", name: "time_to_live"),
        .init("Delivered after", name: "delivered_after", isNumeric: true), .init("Created by", name: "created_by"),
        .init("Reason", name: "reason"),
    ]

    private static let alertColumns: [Table.Column] = [
        .init("Severity", name: "severity"), .init("Alert", name: "alert", isRequired: true),
        .init("Target", name: "target"), .init("Since", name: "since"),
        .init("Occurrences", name: "occurrences", isNumeric: true), .init("Last notified", name: "last_notified"),
        .init("Status", name: "status"), .init("Action", name: "action"),
    ]

    private static let auditColumns: [Table.Column] = [
        .init("Time", name: "time"), .init("Actor", name: "actor"), .init("Action", name: "action", isRequired: true),
        .init("Target", name: "target"), .init("Result", name: "result"), .init("Details", name: "details"),
    ]

    private static func tradeColumns(
        times: [(name: String, title: String)],
        _ figures: [(name: String, title: String)]
    ) -> [Table.Column] {
        [.init("Symbol", name: "symbol", isRequired: true), .init("Bot", name: "bot")]
            + times.map { .init($0.title, name: $0.name) }
            + figures.map { .init($0.title, name: $0.name, isNumeric: true) }
            + [.init("Reason", name: "reason"), .init("Strategy", name: "strategy")]
    }
}
