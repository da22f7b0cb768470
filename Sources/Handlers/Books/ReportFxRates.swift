public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func reportFxRates(_ input: ReportFxRates.Input) async throws(Problem) -> ReportFxRates.Output {
        let (report, actor, books) = (input.body, input.principal.name, configuration.books.currency)
        if let newest = report.rates.map(\.timestamp).max() { try await requireNotAhead(newest) }
        try await audited(.fxRatesReport, on: .books, report.quoteCurrency, by: actor) { transaction in
            try report.requireRates(into: books)
            try transaction.keep(report, by: actor)
        }
        return .ok(try await fxRates())
    }
}

extension FxRateReport {
    /// Rejects rates into another currency than the books' currency.
    fileprivate func requireRates(into books: String?) throws(Problem) {
        guard let books else { throw .booksCurrencyUnset }
        guard quoteCurrency.hasSameScalars(as: books) else { throw .notTheBooksCurrency(quoteCurrency, books) }
        if rates.contains(where: { $0.currency.hasSameScalars(as: books) }) { throw .rateOfBooksCurrency(books) }
    }
}

extension Transaction {
    fileprivate borrowing func keep(_ report: FxRateReport, by actor: String) throws {
        // Write rows in the order of their keys, so that concurrent reports cannot deadlock.
        let rates = report.rates.sorted { $0.currency.utf8.lexicographicallyPrecedes($1.currency.utf8) }
        for rate in rates {
            _ = try run(
                .keepFxRate(
                    quote: report.quoteCurrency,
                    currency: rate.currency,
                    rate: rate.rate,
                    ts: rate.timestamp,
                    reportedBy: actor
                )
            )
        }
        let details = JSONObject { json in json.member("rates", report.rates) }
        try record(.fxRatesReport, on: .books, report.quoteCurrency, by: actor, details: details)
    }
}

extension Problem {
    fileprivate static let booksCurrencyUnset = Problem(
        status: 409,
        code: .booksCurrencyUnset,
        detail: "the books have no currency; set BOOKS_CURRENCY on every server"
    )

    fileprivate static func notTheBooksCurrency(_ found: String, _ books: String) -> Problem {
        Problem(
            status: 409,
            code: .notTheBooksCurrency,
            detail: "quote_currency is '\(found)', expected the books' currency '\(books)'"
        )
    }

    fileprivate static func rateOfBooksCurrency(_ books: String) -> Problem {
        Problem(
            status: 409,
            code: .rateOfBooksCurrency,
            detail: "'\(books)' is the books' currency and needs no rate; remove it"
        )
    }
}
