public import ContractRuntime
public import Generated

extension API {
    public func postPosition(_ input: PostPosition.Input) async throws(Problem) -> PostPosition.Output {
        let report = input.body
        try input.principal.requireSubject(report.instanceID)
        let fate = try await run(
            RecordPositions(
                instanceID: report.instanceID,
                symbol: report.symbol,
                netExposure: report.netExposure,
                grossExposure: report.grossExposure,
                updatedAt: report.updatedAt
            )
        )
        return .accepted(try IngestReceipt(fate))
    }
}
