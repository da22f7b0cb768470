import ContractRuntime
import Generated

extension Dashboard {
    /// The ranges of execution figures. A longer one would read more samples than an operation may.
    static var executionRanges: [(value: String, text: String)] {
        TimeRange.allCases.map { (value: $0.rawValue, text: $0.text) }
    }

    /// The keys that group executions.
    static var executionGroups: [(value: String, text: String)] {
        [
            (ExecutionGroup.exchange.rawValue, "Exchange"), (ExecutionGroup.bot.rawValue, "Bot"),
            (ExecutionGroup.symbol.rawValue, "Symbol"),
        ]
    }

    /// The tab *Execution quality*: slippage and latency in a range, for all samples and by a key.
    func execution(_ bar: FilterBar, _ request: WebRequest) async throws(Problem) -> [Block] {
        let range = bar["range"].flatMap(TimeRange.init(rawValue:)) ?? .day
        let filter = bar.fields("mode", "exchange", "bot_id", "symbol").with("from", range.query["from"])
        let grouped = filter.with("group_by", bar["group"])
        let histogram = try await api.getExecutionHistogram(input(request, grouped)).body
        let listed = filter.with("page", request.query["page"]).with("page_size", "50")
        let samples = try await api.listExecutionSamples(input(request, listed)).body
        let note = histogram.note
        let charts = [
            ("slippage", "Slippage, bps", histogram.slippageBpsBounds, histogram.all.slippageBps.counts, "bps"),
            ("latency", "Latency, ms", histogram.latencyMsBounds, histogram.all.latencyMs.counts, "ms"),
        ].map { id, title, bounds, counts, unit in
            let isSigned = id == "slippage"
            let chart = Chart.histogram(
                "\(id)-chart",
                "\(title), \(range.text)",
                bounds,
                counts,
                unit: unit,
                isSigned: isSigned
            )
            return Block(
                id,
                "\(title), \(range.text)",
                shape: "half",
                asOf: histogram.generatedAt,
                note: isSigned ? "below 0 is better than expected ·" : nil,
                chart.map { .chart($0) } ?? .text("No executions reported in \(range.text)")
            )
        }
        return [
            Block("quality", shape: "plain", asOf: histogram.generatedAt, .figures(histogram.all.figures))
        ] + charts + [
            Block(
                "groups",
                "By \(bar["group"]?.lowercased() ?? "")",
                asOf: histogram.generatedAt,
                note: note,
                .table(Self.executionTable(histogram, bar))
            ),
            Block(
                "samples",
                "Executions, \(range.text)",
                asOf: .now,
                .table(Self.sampleTable(samples, "/analytics", bar.query, filter))
            ),
        ]
    }

    private static func executionTable(_ histogram: ExecutionHistogram, _ bar: FilterBar) -> Table {
        let title = executionGroups.first { $0.value == bar["group"] }?.text ?? ""
        let name = bar["group"] == ExecutionGroup.bot.rawValue ? "bot_id" : title.lowercased()
        let figures = [
            "Samples", "Slippage, bps", "p95, bps", "p99, bps", "Latency, ms", "p95, ms", "p99, ms", "Fill ratio",
        ]
        return Table(
            caption: "Executions by \(title.lowercased())",
            columns: [.init(title)] + figures.map { Table.Column($0, isNumeric: true) } + [
                .init("Slippage"), .init("Latency"),
            ],
            rows: histogram.items.map { group in
                let (slippage, latency) = (group.slippageBps, group.latencyMs)
                return Row(
                    key: group.key ?? "",
                    cells: [
                        group.key.map { .id($0, href: "/analytics?\(bar.query.with(name, $0).text)") } ?? .unknown,
                        .count(group.samples), .figure(slippage.mean), .figure(slippage.p95), .figure(slippage.p99),
                        .figure(latency.mean), .figure(latency.p95), .figure(latency.p99), .figure(group.fillRatio),
                        Cell(
                            spark: Sparkline(
                                counts: slippage.counts,
                                better: histogram.betterBuckets,
                                label: slippage.description(histogram.slippageBpsBounds, "bps")
                            )
                        ),
                        Cell(
                            spark: Sparkline(
                                counts: latency.counts,
                                better: 0,
                                label: latency.description(histogram.latencyMsBounds, "ms")
                            )
                        ),
                    ]
                )
            },
            empty: Table.Empty(text: "No executions reported")
        ).labelled()
    }
}

extension ExecutionHistogram {
    /// The number of buckets of the slippage that are better than expected.
    fileprivate var betterBuckets: Int { slippageBpsBounds.filter { $0 <= 0 }.count }

    /// The range, and what is not part of it.
    fileprivate var note: String {
        let since = "since \(Moment(from).text)"
        let limit = isComplete ? nil : "only the newest samples are counted"
        let others = groups > items.count ? "the \(items.count) largest of \(Figures.count(groups)) groups" : nil
        return [since, limit, others].compactMap(\.self).joined(separator: " · ") + " ·"
    }
}

extension ExecutionDistribution {
    /// Where most samples are.
    fileprivate func description(_ bounds: [Double], _ unit: String) -> String {
        guard let most = counts.max(), let place = counts.firstIndex(of: most) else { return "no samples" }
        return "\(Figures.count(most)) of \(Figures.count(counts.reduce(0) { $0.addingSaturated($1) })) samples: "
            + Chart.bucket(place, bounds, unit)
    }
}

extension ExecutionHistogramGroup {
    /// The figures of all samples; a dash without samples.
    fileprivate var figures: [Block.Figure] {
        func figure(_ label: String, _ value: Double?, _ note: String?) -> Block.Figure {
            Block.Figure(label, value.map { Figures.decimal($0) } ?? "—", note: value == nil ? "no samples" : note)
        }
        return [
            figure("Slippage, bps", slippageBps.mean, slippageBps.percentiles),
            figure("Latency, ms", latencyMs.mean, latencyMs.percentiles),
            figure("Fill ratio", fillRatio, "filled quantity / ordered quantity"),
            Block.Figure("Samples", Figures.count(samples)),
        ]
    }
}

extension Cell {
    /// A figure with two decimals; a dash if it is unknown. It has no tone: a negative slippage is better than expected.
    fileprivate static func figure(_ value: Double?) -> Cell {
        guard let value else { return .unknownNumber }
        return .number(Figures.decimal(value))
    }
}
