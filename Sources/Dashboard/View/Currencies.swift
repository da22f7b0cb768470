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
    var unit: String? { Figures.unit(currency, unconverted: unconverted.map(\.currency)) }

    /// The net PnL in the books' currency, or per currency if it has no total.
    func figures(_ label: String, href: String?) -> [Block.Figure] {
        let parts = byCurrency.map { (currency: $0.currency, amount: $0.netPnl) }
        let note = byCurrency.isEmpty ? nil : unit
        return Block.Figure.money(label, netPnl, signed: true, note: note, parts: parts, href: href)
    }

    /// Why amounts are not converted.
    var reasonUnconverted: String {
        guard let currency else { return "the books currency is not set: set BOOKS_CURRENCY" }
        return "no exchange rate to \(currency) for \(Figures.currencies(unconverted.map(\.currency)))"
    }
}

extension ExposureKeyMetrics {
    private var unit: String? { Figures.unit(equityCurrency, unconverted: unconvertedEquity.map(\.currency)) }

    /// The newest equity in the books' currency, or per currency if the books have none.
    var equityFigures: [Block.Figure] {
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
    func netFigures(_ label: String, href: String? = nil) -> [Block.Figure] {
        figures(label, totalNetExposure, byCurrency.map { ($0.currency, $0.netExposure) }, href)
    }

    func grossFigures(_ label: String) -> [Block.Figure] {
        figures(label, totalGrossExposure, byCurrency.map { ($0.currency, $0.grossExposure) }, nil)
    }

    /// The total in the books' currency, or one figure per currency if it has none.
    private func figures(
        _ label: String,
        _ total: Decimal?,
        _ parts: [(currency: String?, amount: Decimal)],
        _ href: String?
    ) -> [Block.Figure] {
        let unit = Figures.unit(currency, unconverted: unconverted.map(\.currency))
        return Block.Figure.money(
            label,
            parts.isEmpty ? nil : total,
            note: parts.isEmpty ? "no positions reported" : unit,
            parts: parts,
            href: href
        )
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
