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

extension NetPnl {
    var unit: String? { Figures.unit(currency, unconverted: unconverted.map(\.currency)) }

    /// Why amounts are not converted.
    var reasonUnconverted: String {
        guard let currency else { return "the books currency is not set: set BOOKS_CURRENCY" }
        return "no exchange rate to \(currency) for \(Figures.currencies(unconverted.map(\.currency)))"
    }
}

extension ExposureKeyMetrics {
    var unit: String? { Figures.unit(equityCurrency, unconverted: unconvertedEquity.map(\.currency)) }
}

extension EquityCurve {
    /// The currency, the excluded currencies and the resolution of the curve.
    var note: String {
        let others = otherCurrencies.isEmpty ? nil : "without \(Figures.currencies(otherCurrencies))"
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
