/// What became of a heartbeat.
enum HeartbeatFate: String {
    /// It is stored.
    case stored
    /// It names another bot than the instance's.
    case foreign
    /// Another process holds the instance.
    case superseded
    /// The instance is being deleted.
    case deleted
    /// Too many instances have registered within an hour.
    case throttled
    /// The fleet has reached its maximum of instances.
    case full
}
