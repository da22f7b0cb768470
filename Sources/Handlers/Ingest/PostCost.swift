public import ContractRuntime
public import Generated

extension API {
    public func postCost(_ input: PostCost.Input) async throws(Problem) -> PostCost.Output {
        let key = input.idempotencyKey
        switch input.body {
        case .costEntry(var entry):
            entry.entryID = entry.entryID ?? key
            return .accepted(try await ingest(entry, by: input.principal))
        case .array(let objects):
            let receipt = try await ingest(objects, as: CostEntry.self, by: input.principal) { entry, index in
                entry.entryID = entry.entryID ?? key.map { "\($0)#\(index)" }
            }
            return .accepted(receipt)
        }
    }
}

extension CostEntry: RowElement {
    func row(within limits: ClientLimits) -> RecordCosts {
        RecordCosts(
            instanceID: instanceID,
            entryID: entryID,
            symbol: symbol,
            costType: costType,
            amount: amount,
            currency: currency,
            fxRate: fxRate,
            ts: timestamp,
            aheadSeconds: limits.clockAheadSeconds
        )
    }

    func receipt(_ outcome: RowOutcome) throws(Problem) -> IngestReceipt {
        try IngestReceipt(outcome, key: .entryID)
    }
}
