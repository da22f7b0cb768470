public import ContractRuntime
public import Generated

extension API {
    public func getExposure(_ input: GetExposure.Input) async throws(Problem) -> GetExposure.Output {
        let books = configuration.books
        let (rows, equities) = try await read(
            .exposure(mode: input.mode, staleSeconds: configuration.heartbeatStaleSeconds),
            .latestEquity(mode: input.mode, books: books.currency, rateSeconds: books.rateSeconds)
        )
        // The statement always returns the row without symbol and mode.
        guard let total = rows.first(where: { $0.symbol == nil && $0.runtimeMode == nil }) else { throw .internalError }
        return .ok(
            Exposure(
                generatedAt: total.generatedAt,
                totalNetExposure: total.net,
                totalGrossExposure: total.gross,
                keyMetrics: ExposureKeyMetrics(total, equities, in: books),
                stale: .init(
                    netExposure: total.staleNet,
                    grossExposure: total.staleGross,
                    positions: total.stalePositions
                ),
                bySymbol: rows.compactMap { row in
                    row.symbol.map { ExposureBySymbolItem(symbol: $0, netExposure: row.net, grossExposure: row.gross) }
                },
                byMode: rows.compactMap { row in
                    row.runtimeMode.map {
                        ExposureByModeItem(runtimeMode: $0, netExposure: row.net, grossExposure: row.gross)
                    }
                }
            )
        )
    }
}

extension ExposureKeyMetrics {
    fileprivate init(_ total: ExposureRow, _ equities: [LatestEquityRow], in books: BooksCurrency) {
        let currency = equities.first?.totalCurrency ?? books.currency ?? ""
        let unconverted = equities.filter { $0.rate == nil && $0.equity != Decimal(0) }
        self.init(
            latestEquity: equities.first?.total,
            trackedPositions: total.positions,
            trackedSymbols: total.symbols,
            equityCurrency: currency.isEmpty ? nil : currency,
            unconvertedEquity: unconverted.map {
                .init(currency: $0.currency.isEmpty ? nil : $0.currency, equity: $0.equity)
            },
            rates: equities.compactMap { FxRate($0.currency, $0.rate, $0.rateAt, $0.rateAge) }
        )
    }
}
