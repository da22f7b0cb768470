import ContractRuntime
import Generated

extension [ExposureInCurrency] {
    /// The elements of columns that have one value per currency; nil columns have none.
    init(_ currencies: [String]?, net: [String]?, gross: [String]?) {
        self = zip(currencies ?? [], zip(net ?? [], gross ?? [])).compactMap { currency, amounts in
            guard let net = Decimal(amounts.0), let gross = Decimal(amounts.1) else { return nil }
            return ExposureInCurrency(
                currency: currency.isEmpty ? nil : currency,
                netExposure: net,
                grossExposure: gross
            )
        }
    }

    /// The only element; nil if there are several, which have no common sum.
    var only: ExposureInCurrency? { count == 1 ? first : nil }
}
