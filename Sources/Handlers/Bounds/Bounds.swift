/// How much of what clients add or hold is accepted. Beyond that the server refuses with a problem whose code `Refusal` names.
public struct Bounds: Sendable {
    /// How many instances may register within an hour, over all servers.
    public var registrationsPerHour = 20_000
    /// How many instances the fleet may have.
    public var instances = 100_000
    /// How many metric series an instance may have.
    public var seriesPerInstance = 1_000
    /// How many symbols an instance may have positions of.
    public var positionsPerInstance = 1_000
    /// How long the evidence of an acknowledgement may be, in bytes.
    public var evidenceBytes = 65_536
    /// How long metadata, payloads and configurations may be, in bytes.
    public var objectBytes = 16_384
    /// How many acknowledgements of a command are stored that do not change it.
    public var acknowledgementsPerCommand = 100
    /// How many seconds the time of a report may be ahead of the database's clock.
    public var clockAheadSeconds = 10
    /// How many event streams a server may have open.
    public var eventStreams = 1_000
    /// How many event streams one principal may have open on a server.
    public var eventStreamsPerPrincipal = 100

    /// The defaults.
    public init() {}
}
