public import ContractRuntime
public import Generated

extension API {
    public func getExposure(_ input: GetExposure.Input) async throws(Problem) -> GetExposure.Output {
        let books = configuration.books
        let (rows, equities) = try await read(
            .exposure(
                mode: input.mode,
                books: books.currency,
                rateSeconds: books.rateSeconds,
                staleSeconds: configuration.heartbeatStaleSeconds
            ),
            .latestEquity(mode: input.mode, books: books.currency, rateSeconds: books.rateSeconds)
        )
        // The statement always returns the row of the total.
        guard let total = rows.first(where: { $0.currency == nil }) else { throw .internalError }
        return .ok(Exposure(total, rows, equities, in: books))
    }
}

extension Exposure {
    fileprivate init(
        _ total: ExposureRow,
        _ rows: [ExposureRow],
        _ equities: [LatestEquityRow],
        in books: BooksCurrency
    ) {
        let currency = total.totalCurrency ?? books.currency ?? ""
        let ofCurrencies = rows.filter { $0.currency != nil && $0.symbol == nil && $0.runtimeMode == nil }
        self.init(
            generatedAt: total.generatedAt,
            totalNetExposure: total.net,
            totalGrossExposure: total.gross,
            keyMetrics: ExposureKeyMetrics(total, rows, equities, in: books),
            stale: .init(
                netExposure: total.staleNet,
                grossExposure: total.staleGross,
                positions: total.stalePositions,
                byCurrency: ofCurrencies.filter { $0.stalePositions > 0 }.compactMap {
                    ExposureInCurrency($0, $0.staleNet, $0.staleGross)
                }
            ),
            bySymbol: rows.compactMap(ExposureBySymbolItem.init),
            byMode: rows.compactMap(ExposureByModeItem.init),
            currency: currency.isEmpty ? nil : currency,
            byCurrency: ofCurrencies.compactMap { ExposureInCurrency($0, $0.net, $0.gross) },
            unconverted: ofCurrencies.filter { $0.rate == nil && $0.gross != Decimal(0) }.compactMap {
                ExposureInCurrency($0, $0.net, $0.gross)
            },
            rates: ofCurrencies.compactMap { FxRate($0.currency, $0.rate, $0.rateAt, $0.rateAge) }
        )
    }
}

extension ExposureInCurrency {
    fileprivate init?(_ row: ExposureRow, _ net: Decimal?, _ gross: Decimal?) {
        guard let net, let gross else { return nil }
        self.init(currency: row.name, netExposure: net, grossExposure: gross)
    }
}

extension ExposureBySymbolItem {
    /// Nil for a row of something else.
    fileprivate init?(_ row: ExposureRow) {
        guard let symbol = row.symbol, let net = row.net, let gross = row.gross else { return nil }
        self.init(symbol: symbol, netExposure: net, grossExposure: gross, currency: row.name)
    }
}

extension ExposureByModeItem {
    /// Nil for a row of something else.
    fileprivate init?(_ row: ExposureRow) {
        guard let mode = row.runtimeMode, let net = row.net, let gross = row.gross else { return nil }
        self.init(runtimeMode: mode, netExposure: net, grossExposure: gross, currency: row.name)
    }
}

extension ExposureRow {
    /// The currency of the amounts; nil if they have none.
    fileprivate var name: String? { currency?.isEmpty == false ? currency : nil }
}

extension ExposureKeyMetrics {
    fileprivate init(
        _ total: ExposureRow,
        _ rows: [ExposureRow],
        _ equities: [LatestEquityRow],
        in books: BooksCurrency
    ) {
        let currency = equities.first?.totalCurrency ?? books.currency ?? ""
        let unconverted = equities.filter { $0.rate == nil && $0.equity != Decimal(0) }
        self.init(
            latestEquity: equities.first?.total,
            trackedPositions: total.positions,
            trackedSymbols: Set(rows.compactMap { $0.symbol.map(ExactText.init) }).count,
            equityCurrency: currency.isEmpty ? nil : currency,
            unconvertedEquity: unconverted.map {
                .init(currency: $0.currency.isEmpty ? nil : $0.currency, equity: $0.equity)
            },
            rates: equities.compactMap { FxRate($0.currency, $0.rate, $0.rateAt, $0.rateAge) }
        )
    }
}
