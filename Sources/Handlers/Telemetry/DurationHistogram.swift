import ContractRuntime

/// The numbers of durations between fixed bounds.
struct DurationHistogram: Sendable {
    /// The upper bounds of the buckets, in seconds.
    private static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

    /// The number of durations in each bucket; the last one has no bound.
    private var buckets = Array(repeating: 0, count: Self.bounds.count + 1)
    /// The sum of the durations in seconds.
    private var seconds = 0.0

    /// The bucket of a duration. It is found before the lock of a histogram is taken.
    static func bucket(of seconds: Double) -> Int { bounds.firstIndex { seconds <= $0 } ?? bounds.count }

    /// Adds a duration.
    ///
    /// - Parameter bucket: The bucket that `bucket(of:)` found.
    mutating func add(_ seconds: Double, to bucket: Int) {
        buckets[bucket] += 1
        self.seconds += seconds
    }

    /// The samples of the Prometheus text format: cumulative buckets, sum and count.
    var samples: [PrometheusSample] {
        var sum = 0
        var samples: [PrometheusSample] = []
        for (index, count) in buckets.enumerated() {
            sum = sum.addingSaturated(count)
            let bound = index < Self.bounds.count ? "\(Self.bounds[index])" : "+Inf"
            samples.append(PrometheusSample(suffix: "_bucket", label: #"le="\#(bound)""#, value: Double(sum)))
        }
        samples.append(PrometheusSample(suffix: "_sum", value: seconds))
        samples.append(PrometheusSample(suffix: "_count", value: Double(sum)))
        return samples
    }
}
