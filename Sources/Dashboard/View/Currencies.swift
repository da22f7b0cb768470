import ContractRuntime
import Generated

// Texts beside totals of several currencies.

extension Figures {
    /// The names of currencies; nil stands for amounts without a currency.
    static func currencies(_ names: [String?]) -> String {
        names.map { $0 ?? "amounts without a currency" }.joined(separator: ", ")
    }

    static func amount(_ value: Decimal?, signed: Bool = false) -> String {
        value.map { amount($0, signed: signed) } ?? "—"
    }

    /// The currency of a total, or the currencies that could not be converted.
    ///
    /// - Parameter unconverted: The currencies without a usable rate.
    static func unit(_ currency: String?, unconverted: [String?]) -> String? {
        unconverted.isEmpty ? currency : "\(currencies(unconverted)) not converted"
    }
}

extension Block.Figure {
    /// The sum in the reporting currency, or one figure per currency if there is none.
    static func money(
        _ label: String,
        _ parts: [(currency: String?, amount: Decimal)],
        in reporting: ReportingCurrency,
        signed: Bool = false,
        empty: String = "no data reported",
        href: String? = nil
    ) -> [Block.Figure] {
        let total = reporting.total(parts)
        let note = parts.isEmpty ? empty : total.note
        return money(label, total.amount, signed: signed, note: note, parts: parts, href: href)
    }

    /// A total, or one figure per currency if there is none.
    ///
    /// - Parameters:
    ///   - note: The currency of the total, or why there is none.
    ///   - parts: The amounts per currency, the first of which are shown.
    static func money(
        _ label: String,
        _ total: Decimal?,
        signed: Bool = false,
        note: String?,
        parts: [(currency: String?, amount: Decimal)],
        href: String? = nil
    ) -> [Block.Figure] {
        if let total {
            let text = Figures.amount(total, signed: signed)
            return [Block.Figure(label, text, note: note, href: href, tone: Figures.tone(total))]
        }
        if parts.isEmpty { return [Block.Figure(label, "—", note: note ?? "no data reported", href: href)] }
        let most = Figures.mostCurrencies
        let others = parts.count - min(parts.count, most)
        return parts.prefix(most).enumerated().map { place, part in
            let rest = place == most - 1 && others > 0 ? "and \(others) more currencies" : nil
            return Block.Figure(
                "\(label), \(part.currency ?? "no currency")",
                Figures.amount(part.amount, signed: signed),
                note: place == 0 ? note : rest,
                href: href,
                tone: Figures.tone(part.amount)
            )
        }
    }
}

extension NetPnl {
    /// The sum of an amount of each currency.
    func total(_ amount: (NetPnlInCurrency) -> Decimal, in reporting: ReportingCurrency) -> ReportingCurrency.Total {
        reporting.total(byCurrency.map { (currency: $0.currency, amount: amount($0)) })
    }

    /// The net PnL in the reporting currency, or per currency if it has no total.
    func figures(_ label: String, in reporting: ReportingCurrency, href: String?) -> [Block.Figure] {
        let parts = byCurrency.map { (currency: $0.currency, amount: $0.netPnl) }
        return Block.Figure.money(label, parts, in: reporting, signed: true, href: href)
    }
}

extension ExposureKeyMetrics {
    private var unit: String? { Figures.unit(equityCurrency, unconverted: unconvertedEquity.map(\.currency)) }

    /// The newest equity in the reporting currency if the API has converted all of it, or per currency if the books have none.
    func equityFigures(in reporting: ReportingCurrency) -> [Block.Figure] {
        if let latestEquity, !reporting.isOfBooks, reporting.name != nil {
            let part = (currency: equityCurrency, amount: latestEquity)
            let total = reporting.total([part])
            return Block.Figure.money("Latest equity", total.amount, note: total.note, parts: [part])
        }
        let parts = equityCurrency == nil ? unconvertedEquity.map { (currency: $0.currency, amount: $0.equity) } : []
        return Block.Figure.money("Latest equity", latestEquity, note: unit, parts: parts)
    }
}

extension Figures {
    /// Net and gross exposure in each currency; nil without positions.
    static func exposure(_ parts: [ExposureInCurrency]) -> String? {
        if parts.isEmpty { return nil }
        return listed(parts) { part in
            let unit = part.currency.map { " \($0)" } ?? ""
            return "\(amount(part.netExposure))\(unit) net, \(amount(part.grossExposure)) gross"
        }.joined(separator: "; ")
    }

    /// The texts of the first currencies, and how many more there are.
    fileprivate static func listed<Part>(_ parts: [Part], _ text: (Part) -> String) -> [String] {
        let others = parts.count - min(parts.count, mostCurrencies)
        return parts.prefix(mostCurrencies).map(text) + (others > 0 ? ["and \(others) more currencies"] : [])
    }

    /// The maximum number of currencies that are shown together.
    static var mostCurrencies: Int { 4 }
}

extension Cell {
    /// The net exposure in the first currency, and below it the currency and the other ones.
    static func exposure(_ parts: [ExposureInCurrency]) -> Cell {
        amounts(parts.map { (currency: $0.currency, amount: $0.netExposure) })
    }

    /// The same for the gross exposure.
    static func grossExposure(_ parts: [ExposureInCurrency]) -> Cell {
        amounts(parts.map { (currency: $0.currency, amount: $0.grossExposure) })
    }

    private static func amounts(_ parts: [(currency: String?, amount: Decimal)]) -> Cell {
        var cell = Cell.amount(parts.first?.amount)
        let others = Figures.listed(Array(parts.dropFirst())) { part in
            [Figures.amount(part.amount), part.currency].compactMap(\.self).joined(separator: " ")
        }
        let notes = [parts.first?.currency].compactMap(\.self) + others
        cell.note = notes.isEmpty ? nil : notes.joined(separator: ", ")
        return cell
    }
}

extension Exposure {
    func netFigures(_ label: String, in reporting: ReportingCurrency, href: String? = nil) -> [Block.Figure] {
        figures(label, reporting, href) { $0.netExposure }
    }

    func grossFigures(_ label: String, in reporting: ReportingCurrency) -> [Block.Figure] {
        figures(label, reporting, nil) { $0.grossExposure }
    }

    private func figures(
        _ label: String,
        _ reporting: ReportingCurrency,
        _ href: String?,
        _ amount: (ExposureInCurrency) -> Decimal
    ) -> [Block.Figure] {
        let parts = byCurrency.map { (currency: $0.currency, amount: amount($0)) }
        return Block.Figure.money(label, parts, in: reporting, empty: "no positions reported", href: href)
    }
}

extension EquityCurve {
    /// The currency, the excluded currencies and the resolution of the curve.
    ///
    /// - Parameter isOnly: Whether the page shows no curve of the other currencies.
    func note(isOnly: Bool) -> String {
        let others = otherCurrencies.isEmpty || !isOnly ? nil : "without \(Figures.currencies(otherCurrencies))"
        return [currency, others, resolution.text].compactMap { $0 }.joined(separator: " · ")
    }

    /// Why the curve has no points.
    var reasonEmpty: String {
        if currency == nil, !otherCurrencies.isEmpty {
            let names = Figures.currencies(otherCurrencies)
            return
                "— Equity is in \(names), and the books currency is not set. Set BOOKS_CURRENCY or select a currency."
        }
        return "— No equity reported in this range. Bots report it with POST /ingest/metrics, metric_type equity."
    }
}

extension EquityResolution {
    fileprivate var text: String {
        switch self {
        case .everySample: "every sample"
        case .fiveMinutes: "last value per 5 min"
        case .eachMinute: "sampled every minute"
        }
    }
}
