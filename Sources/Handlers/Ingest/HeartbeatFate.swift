/// The result of storing a heartbeat.
enum HeartbeatFate: String {
    /// The heartbeat is stored.
    case stored
    /// It names another bot than its instance's.
    case foreign
    /// Another process owns the instance.
    case superseded
    /// The instance is being deleted.
    case deleted
    /// The limit of registrations per hour is reached.
    case throttled
    /// The limit of instances in the fleet is reached.
    case full
}
