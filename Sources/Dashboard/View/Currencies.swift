import ContractRuntime
import Generated

// What stands beside a total of several currencies.

extension Figures {
    /// Currencies by their names; amounts without a currency have none.
    static func currencies(_ names: [String?]) -> String {
        names.map { $0 ?? "amounts without a currency" }.joined(separator: ", ")
    }

    static func amount(_ value: Decimal?, signed: Bool = false) -> String {
        value.map { amount($0, signed: signed) } ?? "—"
    }

    /// The currency of a total, or why there is none.
    ///
    /// - Parameter unconverted: The currencies that no rate converts.
    static func unit(_ currency: String?, unconverted: [String?]) -> String? {
        unconverted.isEmpty ? currency : "\(currencies(unconverted)) not converted"
    }
}

extension NetPnl {
    var unit: String? { Figures.unit(currency, unconverted: unconverted.map(\.currency)) }

    /// Why amounts are not converted.
    var reasonUnconverted: String {
        guard let currency else { return "the books have no currency: set BOOKS_CURRENCY" }
        return "no rate into \(currency) for \(Figures.currencies(unconverted.map(\.currency)))"
    }
}

extension ExposureKeyMetrics {
    var unit: String? { Figures.unit(equityCurrency, unconverted: unconvertedEquity.map(\.currency)) }
}

extension EquityCurve {
    /// What the curve is of, and what its points are.
    var note: String {
        let others = otherCurrencies.isEmpty ? nil : "without \(Figures.currencies(otherCurrencies))"
        return [currency, others, resolution.text].compactMap { $0 }.joined(separator: " · ")
    }

    /// Why there is no point.
    var reasonEmpty: String {
        if currency == nil, !otherCurrencies.isEmpty {
            let names = Figures.currencies(otherCurrencies)
            return "— There is equity in \(names), and the books have no currency: set BOOKS_CURRENCY, or choose one."
        }
        return "— Nothing was reported in this range (POST /ingest/metrics, metric_type equity), or it has just begun."
    }
}

extension EquityResolution {
    fileprivate var text: String {
        switch self {
        case .everySample: "every sample"
        case .fiveMinutes: "the last value of each five minutes"
        case .eachMinute: "noted each minute"
        }
    }
}
