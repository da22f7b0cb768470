import ContractRuntime
import CoreMetrics
import Synchronization

/// The values of one metric with one combination of labels.
protocol MetricSeries: AnyObject, Sendable {
    /// The type of the metric in the Prometheus text format.
    static var kind: String { get }

    init()

    /// The samples: the suffix of the metric's name, a label of the sample, and its value.
    var samples: [PrometheusSample] { get }
}

/// A sample of a series.
struct PrometheusSample {
    /// The suffix of the metric's name.
    var suffix = ""
    /// A label beside those of the series, such as the bound of a bucket.
    var label: String?
    var value: Double

    /// The name of the sample with its labels, and its value.
    ///
    /// - Parameter labels: The labels of the series, without braces.
    func line(of name: String, _ labels: String) -> (String, Double) {
        let all = [labels, label ?? ""].filter { !$0.isEmpty }.joined(separator: ",")
        return (name + suffix + (all.isEmpty ? "" : "{\(all)}"), value)
    }
}

/// A counter. It counts integers exactly, and keeps the sum of all other amounts beside them.
final class CounterSeries: MetricSeries, CounterHandler, FloatingPointCounterHandler {
    static let kind = "counter"
    private let count = Atomic<Int64>(0)
    private let rest = AtomicDouble()

    var samples: [PrometheusSample] { [PrometheusSample(value: Double(count.load(ordering: .relaxed)) + rest.value)] }

    /// Counters of Prometheus only grow, so a negative amount is ignored.
    func increment(by amount: Int64) {
        if amount > 0 { count.wrappingAdd(amount, ordering: .relaxed) }
    }

    func increment(by amount: Double) {
        if amount > 0 { rest.add(amount) }
    }

    func reset() {
        count.store(0, ordering: .relaxed)
        rest.set(0)
    }
}

/// A value that goes up and down.
final class GaugeSeries: MetricSeries, MeterHandler, RecorderHandler {
    static let kind = "gauge"
    private let value = AtomicDouble()

    var samples: [PrometheusSample] { [PrometheusSample(value: value.value)] }

    func set(_ value: Int64) { self.value.set(Double(value)) }

    func set(_ value: Double) { self.value.set(value) }

    func increment(by amount: Double) { value.add(amount) }

    func decrement(by amount: Double) { value.add(-amount) }

    func record(_ value: Int64) { set(value) }

    func record(_ value: Double) { set(value) }
}

/// The number and the sum of recorded values.
final class SummarySeries: MetricSeries, RecorderHandler {
    static let kind = "summary"
    private let state = Mutex<(sum: Double, count: Int)>((0, 0))

    var samples: [PrometheusSample] {
        let (sum, count) = state.withLock { $0 }
        return [PrometheusSample(suffix: "_sum", value: sum), PrometheusSample(suffix: "_count", value: Double(count))]
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        state.withLock { $0 = ($0.sum + value, $0.count.addingSaturated(1)) }
    }
}

/// A histogram of durations, in seconds.
final class HistogramSeries: MetricSeries, TimerHandler {
    static let kind = "histogram"
    private let histogram = Mutex(DurationHistogram())

    var samples: [PrometheusSample] { histogram.withLock { $0 }.samples }

    func recordNanoseconds(_ duration: Int64) {
        // traps: a product of two Double has no bounds to pass.
        let seconds = Double(duration) * 1e-9
        let bucket = DurationHistogram.bucket(of: seconds)
        histogram.withLock { $0.add(seconds, to: bucket) }
    }

    /// Durations are always in seconds (Prometheus documentation, "Metric and label naming").
    func preferDisplayUnit(_ unit: TimeUnit) {}
}

/// A Double that threads change without a lock.
private struct AtomicDouble: ~Copyable, Sendable {
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let result = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if result.exchanged { return }
            old = result.original
        }
    }
}
