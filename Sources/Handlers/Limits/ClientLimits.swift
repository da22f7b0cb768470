/// Limits on what clients may add or hold. Beyond them, the server responds with a problem whose code is a `LimitRejection`.
public struct ClientLimits: Sendable {
    /// The maximum number of new instances per hour, over all servers.
    public var registrationsPerHour = 20_000
    /// The maximum number of instances in the fleet.
    public var instances = 100_000
    /// The maximum number of metric series per instance.
    public var seriesPerInstance = 1_000
    /// The maximum number of symbols with positions per instance.
    public var positionsPerInstance = 1_000
    /// The maximum number of open orders per instance; concurrent requests may exceed it by their own orders.
    public var openOrdersPerInstance = 10_000
    /// The maximum number of open trades per instance; concurrent requests may exceed it by their own trades.
    public var openTradesPerInstance = 10_000
    /// The maximum size of an acknowledgement's evidence in bytes.
    public var evidenceBytes = 65_536
    /// The maximum size of metadata, payloads and configurations in bytes.
    public var objectBytes = 16_384
    /// The maximum number of stored acknowledgements per command that do not change it.
    public var acknowledgementsPerCommand = 100
    /// How many seconds the timestamp of a report may be ahead of the database's clock.
    public var clockAheadSeconds = 10
    /// The maximum number of open event streams per server.
    public var eventStreams = 1_000
    /// The maximum number of open event streams per principal on one server.
    public var eventStreamsPerPrincipal = 100

    /// Creates the default limits.
    public init() {}
}
