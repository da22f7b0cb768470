import ContractRuntime
public import CoreMetrics
import Synchronization

/// The metrics of a process that are recorded through swift-metrics: its own, and those of the libraries that it uses.
///
/// The number of metrics and of their combinations of labels is bounded. Metrics beyond a bound are recorded nowhere;
/// `flotilla_metric_series_rejected_total` counts them.
public final class PrometheusRegistry: MetricsFactory {
    /// The maximum number of metrics.
    static let familyLimit = 500
    /// The maximum number of combinations of labels of a metric.
    static let seriesLimit = 2_000

    /// A metric with all its combinations of labels.
    fileprivate struct Family {
        let name: String
        let kind: String
        let help: String?
        var series: [ExactText: any MetricSeries] = [:]
    }

    fileprivate struct State {
        var families: [Family] = []
        /// The places of the families, by name.
        // traps: names have only ASCII characters.
        var places: [String: Int] = [:]
    }

    private let state = Mutex(State())
    private let rejected = CounterSeries()

    /// Creates an empty registry.
    public init() {}

    // MARK: - Series

    /// Creates a metric before its first series, with a description.
    func declare(_ name: String, _ type: any MetricSeries.Type, _ help: String) {
        state.withLock { _ = $0.place(of: name, type.kind, help) }
    }

    /// The series of a metric with these labels. It is created if it does not exist.
    private func series<Series: MetricSeries>(
        _ type: Series.Type,
        _ label: String,
        suffix: String = "",
        _ dimensions: [(String, String)]
    ) -> Series {
        var name = PrometheusText.name(label)
        // traps: a name and a suffix have only ASCII characters.
        if !name.hasSuffix(suffix) { name += suffix }
        let labels = ExactText(PrometheusText.labels(Self.distinct(dimensions)))
        let series = state.withLock { $0.series(type, name, labels) }
        if let series { return series }
        rejected.increment(by: 1 as Int64)
        return Series()
    }

    /// Labels with valid and distinct names: Prometheus rejects a whole scrape otherwise. `le` is the label of buckets.
    private static func distinct(_ dimensions: [(String, String)]) -> [(String, String)] {
        // traps: names have only ASCII characters.
        var names: Set<String> = ["le", "quantile"]
        return dimensions.map { (PrometheusText.name($0), $1) }.filter { names.insert($0.0).inserted }
    }

    // MARK: - MetricsFactory

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(CounterSeries.self, label, dimensions)
    }

    public func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(CounterSeries.self, label, dimensions)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(GaugeSeries.self, label, dimensions)
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate ? series(SummarySeries.self, label, dimensions) : series(GaugeSeries.self, label, dimensions)
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(HistogramSeries.self, label, suffix: "_seconds", dimensions)
    }

    // Series are kept: a counter that starts again would lose what was not scraped.

    public func destroyCounter(_ handler: any CounterHandler) {}

    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}

    public func destroyMeter(_ handler: any MeterHandler) {}

    public func destroyRecorder(_ handler: any RecorderHandler) {}

    public func destroyTimer(_ handler: any TimerHandler) {}

    // MARK: - Reading

    /// The value of a counter or gauge; 0 if it does not exist.
    package func value(of name: String, _ labels: [(String, String)] = []) -> Double {
        let series = state.withLock { state in
            state.places[name].flatMap { state.families[$0].series[ExactText(PrometheusText.labels(labels))] }
        }
        return series?.samples.first?.value ?? 0
    }

    /// Adds all metrics to `text`.
    func write(to text: inout PrometheusText) {
        for family in state.withLock({ $0.families }) {
            // traps: the order of lines means nothing to Prometheus.
            let series = family.series.sorted { $0.key.text < $1.key.text }
            let lines = series.flatMap { labels, series in
                series.samples.map { $0.line(of: family.name, labels.text) }
            }
            text.family(family.name, family.kind, family.help, lines)
        }
        let name = "flotilla_metric_series_rejected_total"
        let lines = rejected.samples.map { (name, $0.value) }
        text.family(name, CounterSeries.kind, "Metrics of libraries that exceed a bound or change their type.", lines)
    }
}

extension PrometheusRegistry.State {
    /// The place of a metric, which is created if it does not exist; nil if there are too many.
    fileprivate mutating func place(of name: String, _ kind: String, _ help: String?) -> Int? {
        if let place = places[name] { return place }
        guard families.count < PrometheusRegistry.familyLimit else { return nil }
        places[name] = families.count
        families.append(PrometheusRegistry.Family(name: name, kind: kind, help: help))
        return families.count - 1
    }

    /// The series with these labels; nil if there are too many, or if the metric has another type.
    fileprivate mutating func series<Series: MetricSeries>(
        _ type: Series.Type,
        _ name: String,
        _ labels: ExactText
    ) -> Series? {
        // traps: a place is an index of `families`, which only grows.
        guard let place = place(of: name, type.kind, nil) else { return nil }
        if let known = families[place].series[labels] { return known as? Series }
        guard families[place].kind == type.kind, families[place].series.count < PrometheusRegistry.seriesLimit else {
            return nil
        }
        let series = Series()
        families[place].series[labels] = series
        return series
    }
}
