public import ContractRuntime
public import Generated

extension API {
    public func postPosition(_ input: PostPosition.Input) async throws(Problem) -> PostPosition.Output {
        switch input.body {
        case .positionReport(let report): .accepted(try await ingest(report, by: input.principal))
        case .array(let objects): .accepted(try await ingest(objects, as: PositionReport.self, by: input.principal))
        }
    }
}

extension PositionReport: RowElement {
    var timestamp: Timestamp { updatedAt }

    func row(within limits: ClientLimits) -> RecordPositions {
        RecordPositions(
            instanceID: instanceID,
            symbol: symbol,
            netExposure: netExposure,
            grossExposure: grossExposure,
            currency: currency ?? "",
            updatedAt: updatedAt,
            most: limits.positionsPerInstance,
            aheadSeconds: limits.clockAheadSeconds
        )
    }

    func receipt(_ outcome: RowOutcome) throws(Problem) -> IngestReceipt { try IngestReceipt(outcome) }
}
