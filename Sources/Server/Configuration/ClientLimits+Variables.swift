import Handlers

extension ClientLimits {
    /// Reads the limits from the variables, with defaults for those that are not set.
    init(_ variables: Variables) throws(ConfigurationError) {
        self.init()
        func read(_ name: String, _ range: ClosedRange<Int>, _ value: inout Int) throws(ConfigurationError) {
            value = try variables.integer(name, in: range, default: value)
        }
        try read("REGISTRATIONS_PER_HOUR", 1...10_000_000, &registrationsPerHour)
        try read("INSTANCES_MAX", 1...10_000_000, &instances)
        try read("SERIES_PER_INSTANCE", 1...1_000_000, &seriesPerInstance)
        try read("POSITIONS_PER_INSTANCE", 1...1_000_000, &positionsPerInstance)
        try read("OPEN_ORDERS_PER_INSTANCE", 1...1_000_000, &openOrdersPerInstance)
        try read("OPEN_TRADES_PER_INSTANCE", 1...1_000_000, &openTradesPerInstance)
        try read("EVIDENCE_MAX_BYTES", 1_024...1_048_576, &evidenceBytes)
        try read("OBJECT_MAX_BYTES", 1_024...1_048_576, &objectBytes)
        try read("ACKNOWLEDGEMENTS_PER_COMMAND", 1...10_000, &acknowledgementsPerCommand)
        try read("CLOCK_AHEAD_SECONDS", 1...3_600, &clockAheadSeconds)
        try read("EVENT_STREAMS", 1...1_000_000, &eventStreams)
        try read("EVENT_STREAMS_PER_PRINCIPAL", 1...1_000_000, &eventStreamsPerPrincipal)
    }
}
