import ContractRuntime
import Generated

/// A row with columns that have one value per currency; nil columns have none.
protocol ExposureColumns {
    var exposedCurrencies: [String]? { get }
    var netExposures: [String]? { get }
    var grossExposures: [String]? { get }
}

extension ListInstancesRow: ExposureColumns {}
extension InstancesTogetherRow: ExposureColumns {}
extension TargetedInstancesRow: ExposureColumns {}

extension ExposureColumns {
    /// The exposure in each currency.
    var exposures: [ExposureInCurrency] {
        zip(exposedCurrencies ?? [], zip(netExposures ?? [], grossExposures ?? [])).compactMap { currency, amounts in
            guard let net = Decimal(amounts.0), let gross = Decimal(amounts.1) else { return nil }
            return ExposureInCurrency(
                currency: currency.isEmpty ? nil : currency,
                netExposure: net,
                grossExposure: gross
            )
        }
    }
}

extension [ExposureInCurrency] {
    /// The only element; nil if there are several, which have no common sum.
    var only: ExposureInCurrency? { count == 1 ? first : nil }
}
