import ContractRuntime
import Generated

/// The currency in which pages report totals, and the rates that convert into it. The API's amounts are not converted.
struct ReportingCurrency {
    /// Nil if totals are not converted.
    let name: String?
    /// Whether `name` is the books' currency, or there is none although the user asked for none in particular.
    let isOfBooks: Bool
    private let rates: [ExactText: Rate]

    /// The value of one unit, and where it comes from.
    struct Rate {
        let value: Decimal
        let time: Timestamp
        let source: String
    }

    /// Amounts in one currency.
    struct Total {
        /// Nil if an amount cannot be converted, or if there are none.
        let amount: Decimal?
        /// The currency and its rates, or why there is no total.
        let note: String?
    }

    /// The names that stand for the books' currency, and for no conversion.
    static let (books, each) = ("books", "each")

    /// - Parameters:
    ///   - selection: A currency, `books` or `each`; nil means `books`.
    ///   - list: The known rates into the books' currency.
    init(_ selection: String?, _ list: FxRateList) {
        let selected = selection ?? Self.books
        isOfBooks = selected.hasSameScalars(as: Self.books) || list.booksCurrency?.hasSameScalars(as: selected) == true
        name = isOfBooks ? list.booksCurrency : selected.hasSameScalars(as: Self.each) ? nil : selected
        rates = name.map { Self.rates(into: $0, list) } ?? [:]
    }

    /// The rates of all currencies into one of them, through the books' currency.
    private static func rates(into name: String, _ list: FxRateList) -> [ExactText: Rate] {
        guard let books = list.booksCurrency else { return [:] }
        var intoBooks: [ExactText: Rate] = [:]
        for rate in list.rates where rate.isUsable {
            let key = ExactText(rate.currency)
            intoBooks[key] = Rate(value: rate.rate, time: rate.timestamp, source: rate.reportedBy)
        }
        if books.hasSameScalars(as: name) { return intoBooks }
        guard let target = intoBooks.removeValue(forKey: ExactText(name)) else { return [:] }
        var rates = intoBooks.compactMapValues { rate -> Rate? in
            guard let value = rate.value.divided(by: target.value) else { return nil }
            let sources = rate.source.hasSameScalars(as: target.source) ? [rate.source] : [rate.source, target.source]
            let time = min(rate.time, target.time)
            return Rate(value: value, time: time, source: sources.joined(separator: " and "))
        }
        rates[ExactText(books)] = Decimal(1).divided(by: target.value).map {
            Rate(value: $0, time: target.time, source: target.source)
        }
        return rates
    }

    /// The sum of amounts in several currencies. An amount of 0 needs no rate.
    ///
    /// - Parameter parts: The known amounts; one without a currency is in none of the others'.
    func total(_ parts: [(currency: String?, amount: Decimal)]) -> Total {
        guard let name else {
            let only = parts.count == 1 ? parts.first : nil
            let reason = isOfBooks && parts.count > 1 ? "the books currency is not set: set BOOKS_CURRENCY" : nil
            return Total(amount: only?.amount, note: only?.currency ?? reason)
        }
        if parts.isEmpty { return Total(amount: nil, note: nil) }
        let others = parts.filter { $0.currency?.hasSameScalars(as: name) != true && $0.amount != Decimal(0) }
        let missing = others.filter { rate(of: $0.currency) == nil }.map(\.currency)
        guard missing.isEmpty else {
            return Total(amount: nil, note: "no exchange rate to \(name) for \(Figures.currencies(missing))")
        }
        var sum: Decimal? = Decimal(0)
        for part in parts where part.amount != Decimal(0) {
            let value = rate(of: part.currency).map { part.amount.multiplied(by: $0.value) } ?? part.amount
            sum = sum.flatMap { sum in value.flatMap { sum.adding($0) } }
        }
        let shown = others.prefix(Figures.mostCurrencies)
        let labels = labels(of: shown.compactMap(\.currency))
        let hidden = others.count - shown.count
        let rest = hidden > 0 ? ["and \(hidden) more rates"] : []
        // The digits of a rate say nothing beyond this.
        return Total(
            amount: others.isEmpty ? sum : sum?.rounded(to: 8),
            note: sum == nil ? "the total has too many digits" : ([name] + labels + rest).joined(separator: " · ")
        )
    }

    /// The rate of a currency; nil for the reporting currency itself.
    private func rate(of currency: String?) -> Rate? { currency.flatMap { rates[ExactText($0)] } }

    /// Rates with their sources and times. Those of one report share both.
    private func labels(of currencies: [String]) -> [String] {
        var labels: [(rates: [String], origin: String)] = []
        for currency in currencies {
            guard let rate = rate(of: currency) else { continue }
            let text = "\(currency) at \(Figures.amount(rate.value))"
            let origin = "by \(rate.source), \(Moment(rate.time).text)"
            if labels.last?.origin.hasSameScalars(as: origin) == true {
                labels[labels.count - 1].rates.append(text)
            } else {
                labels.append(([text], origin))
            }
        }
        return labels.map { "\($0.rates.joined(separator: ", ")), \($0.origin)" }
    }
}

extension Dashboard {
    /// The reporting currency that the query or the preference of the browser selects.
    func reporting(_ request: WebRequest) async throws(Problem) -> ReportingCurrency {
        let rates = try await api.listFxRates(input(request)).body
        return ReportingCurrency(request.query["in"] ?? request.reportingCurrency, rates)
    }
}

extension FxRateList {
    /// The reporting currencies to choose from.
    var reportingChoices: [(value: String, text: String)] {
        guard let booksCurrency else { return [] }
        return [(ReportingCurrency.books, booksCurrency), (ReportingCurrency.each, "Each currency")]
            + rates.map { ($0.currency, $0.currency) }
    }
}

extension FilterBar.Filter {
    /// The reporting currency; nil without a books' currency, because then no rate is used.
    static func reporting(_ rates: FxRateList, _ request: WebRequest) -> FilterBar.Filter? {
        let choices = rates.reportingChoices
        if choices.isEmpty { return nil }
        let preferred = request.reportingCurrency ?? ReportingCurrency.books
        let isKnown = choices.contains { preferred.hasSameScalars(as: $0.value) }
        return .view("in", "Report in", choices, standard: isKnown ? preferred : ReportingCurrency.books)
    }
}

extension Decimal {
    /// The product, rounded to 18 digits after the point, half away from zero; nil if it has too many digits.
    func multiplied(by other: Decimal) -> Decimal? {
        guard !isWide, !other.isWide else { return nil }
        let (high, low) = coefficient.magnitude.multipliedFullWidth(by: other.coefficient.magnitude)
        let isNegative = (coefficient < 0) != (other.coefficient < 0)
        let scale = scale + other.scale
        // traps: both scales are 0 to 18.
        let divisor = Self.power(max(scale - Self.maximumScale, 0))
        guard let quotient = Self.rounded(high, low, by: divisor) else { return nil }
        return Self.signed(quotient, isNegative, scale: min(scale, Self.maximumScale))
    }

    /// The quotient, rounded to 18 digits after the point, half away from zero; nil if the divisor is 0 or it has too many digits.
    func divided(by other: Decimal) -> Decimal? {
        guard !isWide, !other.isWide else { return nil }
        // traps: both scales are 0 to 18, so the power has at most 36 digits.
        let power = Self.power(Self.maximumScale + other.scale - scale)
        let (high, low) = coefficient.magnitude.multipliedFullWidth(by: power)
        guard let quotient = Self.rounded(high, low, by: other.coefficient.magnitude) else { return nil }
        return Self.signed(quotient, (coefficient < 0) != (other.coefficient < 0), scale: Self.maximumScale)
    }

    /// The value with at most this many digits after the point, rounded half away from zero.
    func rounded(to digits: Int) -> Decimal {
        guard scale > digits, digits >= 0, !isWide else { return self }
        let rounded = Self.rounded(0, coefficient.magnitude, by: Self.power(scale - digits))
        return rounded.flatMap { Self.signed($0, coefficient < 0, scale: digits) } ?? self
    }

    /// Whether it is a sum with more than 38 digits, whose text is no decimal.
    private var isWide: Bool { Decimal("\(self)") == nil }

    private static func power(_ exponent: Int) -> UInt128 { (0..<exponent).reduce(1) { power, _ in power * 10 } }

    private static func rounded(_ high: UInt128, _ low: UInt128, by divisor: UInt128) -> UInt128? {
        // A larger numerator has a quotient of more than 128 bits.
        guard high < divisor else { return nil }
        let (quotient, remainder) = divisor.dividingFullWidth((high, low))
        let (next, isOverflow) = quotient.addingReportingOverflow(remainder >= divisor - remainder ? 1 : 0)
        return isOverflow ? nil : next
    }

    private static func signed(_ magnitude: UInt128, _ isNegative: Bool, scale: Int) -> Decimal? {
        guard let value = Int128(exactly: magnitude) else { return nil }
        return Decimal(coefficient: isNegative ? -value : value, scale: scale)
    }
}
