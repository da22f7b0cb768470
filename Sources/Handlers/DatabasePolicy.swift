import ContractRuntime

/// The policy that functions and triggers of the database follow. They apply it to every writer, in the writer's transaction.
///
/// Each session has it as settings, which `policy_value` in `database/routines/policy.sql` reads. Sessions of release 1.2.0 and of people
/// have no such settings; for them the functions contain that release's values.
public struct DatabasePolicy: Sendable {
    /// An alert that is raised again notifies again this many seconds after its last notification.
    public var reminderSeconds = 3_600
    /// An instance that is lost this many times within `flappingSeconds` is flapping, until it has run for as long.
    public var flappingLosses = 3
    /// The seconds of `flappingLosses`.
    public var flappingSeconds = 900

    /// A clock that is off by more than this many seconds, by the same in `skewedHeartbeats` consecutive heartbeats, is wrong.
    public var clockToleranceSeconds = 10
    /// The number of heartbeats of `clockToleranceSeconds`.
    public var skewedHeartbeats = 3

    /// The title of notifications about instances that are silent.
    var lossTitle: String { alertTitles["heartbeat_monitor"] ?? "" }

    /// The titles of notifications about alerts, by source. Other sources are their own titles: `audit_log` is "Audit Log".
    // traps: the sources are names in this program.
    public var alertTitles = [
        "heartbeat_monitor": "Heartbeat Lost",
        "module_runs": "Module Run Stuck",
        "reconcile": "Reconciliation Mismatch",
        "bot_monitor": "Bot Unresponsive",
        "books": "Books Differ",
        "clock_skew": "Clock Skew",
        "flapping": "Instance Flapping",
        "registrations": "Registrations Refused",
        "requests": "Requests Failing",
    ]

    /// The default policy.
    public init() {}

    /// The settings of a session.
    // traps: the names of settings are those below.
    public var settings: [String: String] {
        [
            "flotilla.reminder_seconds": "\(reminderSeconds)",
            "flotilla.flapping_losses": "\(flappingLosses)",
            "flotilla.flapping_seconds": "\(flappingSeconds)",
            "flotilla.clock_tolerance_seconds": "\(clockToleranceSeconds)",
            "flotilla.skewed_heartbeats": "\(skewedHeartbeats)",
            "flotilla.alert_titles": JSONObject { json in json.members(alertTitles) }.description,
        ]
    }
}
