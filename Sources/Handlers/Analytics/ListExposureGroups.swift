public import ContractRuntime
public import Generated

extension API {
    /// The maximum number of groups in a response.
    private static let exposureGroupLimit = 500

    public func listExposureGroups(
        _ input: ListExposureGroups.Input
    ) async throws(Problem) -> ListExposureGroups.Output {
        let now = Timestamp.now
        let rows = try await read(
            .exposureGroups(
                groupBy: input.groupBy,
                botID: input.botID,
                exchange: input.exchange,
                symbol: input.symbol,
                mode: input.mode,
                currency: input.currency,
                books: configuration.books.currency,
                staleSeconds: configuration.heartbeatStaleSeconds,
                limit: Self.exposureGroupLimit.addingSaturated(1)
            )
        )
        let groups = rows.filter { $0.rank != nil }
        return .ok(
            ExposureGroupList(
                generatedAt: now,
                groupBy: input.groupBy,
                totals: rows.filter { $0.rank == nil }.map(ExposureTotal.init),
                items: groups.prefix(Self.exposureGroupLimit).map(ExposureGroupLine.init),
                isComplete: groups.count <= Self.exposureGroupLimit
            )
        )
    }
}

extension ExposureGroupsRow {
    /// Nil for positions without a currency.
    fileprivate var name: String? { currency.isEmpty ? nil : currency }
}

extension ExposureTotal {
    fileprivate init(_ row: ExposureGroupsRow) {
        self.init(
            currency: row.name,
            netExposure: row.net,
            grossExposure: row.gross,
            positions: row.positions,
            stalePositions: row.stalePositions
        )
    }
}

extension ExposureGroupLine {
    fileprivate init(_ row: ExposureGroupsRow) {
        self.init(
            key: row.key,
            currency: row.name,
            netExposure: row.net,
            grossExposure: row.gross,
            positions: row.positions,
            stalePositions: row.stalePositions
        )
    }
}
