public import ContractRuntime
public import Generated

extension API {
    public func postBalances(_ input: PostBalances.Input) async throws(Problem) -> PostBalances.Output {
        switch input.body {
        case .balanceReport(let report): .accepted(try await ingest(report, by: input.principal))
        case .array(let objects): .accepted(try await ingest(objects, as: BalanceReport.self, by: input.principal))
        }
    }
}

extension BalanceReport: RowElement {
    /// The maximum number of accounts with balances per instance, as in its heartbeat.
    private static let accounts = 32

    /// Rejects two balances of one currency.
    func check(_ limits: ClientLimits) throws(Problem) {
        var known: Set<ExactText> = []
        for (index, balance) in balances.enumerated() where !known.insert(ExactText(balance.currency)).inserted {
            throw .invalid("/balances/\(index)/currency", "the currency has another balance in this report")
        }
    }

    func row(within limits: ClientLimits) -> RecordBalances {
        RecordBalances(
            instanceID: instanceID,
            venue: venue,
            accountID: accountID ?? defaultAccount,
            content: JSONObject { $0.member("balances", balances) },
            ts: timestamp,
            most: Self.accounts,
            aheadSeconds: limits.clockAheadSeconds
        )
    }

    func receipt(_ outcome: RowOutcome) throws(Problem) -> IngestReceipt {
        guard outcome != .crowded else {
            let detail = "the instance has reported balances of \(Self.accounts) other accounts"
            throw Problem(.accounts, status: 422, detail)
        }
        return try IngestReceipt(outcome)
    }
}
