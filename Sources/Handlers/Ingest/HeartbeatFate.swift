/// What became of a heartbeat.
enum HeartbeatFate: String {
    /// It is stored.
    case stored
    /// It names another bot than the instance's.
    case foreign
    /// Another process holds the instance.
    case superseded
    /// Too many instances have registered within an hour.
    case throttled
    /// The fleet has as many instances as it may.
    case full
}
