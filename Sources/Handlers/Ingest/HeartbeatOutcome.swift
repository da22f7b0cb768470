/// The result of storing a heartbeat.
enum HeartbeatOutcome: String {
    /// The heartbeat is stored.
    case stored
    /// It names a bot that does not own the instance.
    case foreign
    /// Another process owns the instance.
    case superseded
    /// The instance's agent has another identity.
    case stranger
    /// The instance is being deleted.
    case deleted
    /// The limit of registrations per hour is reached.
    case throttled
    /// The limit of instances in the fleet is reached.
    case full
}
