public import ContractRuntime
public import Generated

extension API {
    public func getNetPnl(_ input: GetNetPnl.Input) async throws(Problem) -> GetNetPnl.Output {
        let rows = try await run(.netPnl(symbol: input.symbol, mode: input.mode))
        // The statement answers the row without a mode whatever is stored.
        guard let total = rows.first(where: { $0.runtimeMode == nil }) else { throw .internalError }
        return .ok(
            NetPnl(
                generatedAt: total.generatedAt,
                realized: total.realized,
                unrealized: total.unrealized,
                fees: total.fees,
                funding: total.funding,
                netPnl: total.net,
                byMode: rows.compactMap { row in
                    row.runtimeMode.map { mode in
                        NetPnlByModeItem(
                            runtimeMode: mode,
                            realized: row.realized,
                            unrealized: row.unrealized,
                            fees: row.fees,
                            funding: row.funding,
                            netPnl: row.net
                        )
                    }
                }
            )
        )
    }
}
