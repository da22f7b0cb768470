import ContractRuntime

/// Decides which traces are exported (OpenTelemetry specification, "Built-in samplers").
struct TraceSampler: Sendable {
    /// The names of `OTEL_TRACES_SAMPLER`.
    enum Name: String, CaseIterable {
        case alwaysOn = "always_on"
        case alwaysOff = "always_off"
        case ratio = "traceidratio"
        case parentOrOn = "parentbased_always_on"
        case parentOrOff = "parentbased_always_off"
        case parentOrRatio = "parentbased_traceidratio"
    }

    /// Whether the decision of a parent counts.
    private let followsParent: Bool
    /// The share of traces that are exported, as the bound of 63 bits of the trace's id.
    private let bound: UInt64

    private static let all: UInt64 = 1 << 63

    /// - Parameter ratio: The share for the samplers with a ratio, from 0 to 1.
    init(_ name: Name, ratio: Double) {
        switch name {
        case .alwaysOn, .alwaysOff, .ratio: followsParent = false
        case .parentOrOn, .parentOrOff, .parentOrRatio: followsParent = true
        }
        switch name {
        case .alwaysOn, .parentOrOn: bound = Self.all
        case .alwaysOff, .parentOrOff: bound = 0
        case .ratio, .parentOrRatio: bound = min(UInt64(saturating: ratio * 0x1p63), Self.all)
        }
    }

    /// Whether the spans of a trace are exported.
    func samples(_ id: TraceContext.TraceID, parent: TraceContext?) -> Bool {
        if followsParent, let parent { return parent.isSampled }
        return id.low >> 1 < bound
    }
}
