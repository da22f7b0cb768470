/// Limits for the data and the time that one connection may use.
struct HTTPLimits: Sendable {
    /// Bytes of all header fields.
    var head = 32 * 1024
    /// Bytes of the request target.
    var target = 8 * 1024
    /// Bytes of a body.
    var body = 1024 * 1024
    /// Bytes of a response that is sent even while clients leave too much unread.
    var smallResponse = 32 * 1024
    /// From the complete request to the end of its last database call. Time that operations add themselves is not included.
    var responseTime = Duration.milliseconds(1_800)
    /// From the first to the last byte of a head.
    var headTime = Duration.seconds(10)
    /// From the head to the last byte of the body.
    var bodyTime = Duration.seconds(30)
    /// The time within which a client that must read has to make progress.
    var sendTime = Duration.seconds(30)
    /// Between two requests.
    var idleTime = Duration.seconds(75)
    /// From the start of a shutdown until idle connections are closed: a client may be about to send a request.
    var shutdownGrace = Duration.seconds(2)
    /// From the start of a shutdown until all connections are closed.
    var shutdownTime = Duration.seconds(10)
}
