import ContractRuntime
import Generated

/// The names of what raises alerts.
enum AlertSource {
    /// Several alerts of a source, such as `9 reconciliation mismatches`.
    static func text(_ source: String, alerts: Int) -> String {
        let name = names[ExactText(source)] ?? "alerts of \(source)"
        return "\(Figures.count(alerts)) \(name)"
    }

    private static let names: [ExactText: String] = [
        ExactText("heartbeat_monitor"): "lost instances",
        ExactText("flapping"): "flapping instances",
        ExactText("bot_monitor"): "bots that do not respond to their agents",
        ExactText("clock_skew"): "instances with a wrong clock",
        ExactText("reconcile"): "reconciliation mismatches",
        ExactText("books"): "instances with findings in the books",
        ExactText("command_failed"): "high-risk commands that were not executed",
        ExactText("command_unfinished"): "commands that do not finish",
        ExactText("module_runs"): "stuck module runs",
        ExactText("requests"): "failing API operations",
        ExactText("registrations"): "rejected registrations",
        ExactText("partitions"): "tables without a partition",
        ExactText("audit_log"): "audit log problems",
    ]
}
