public import ContractRuntime
public import Generated

extension API {
    public func getBulkCoverage(_ input: GetBulkCoverage.Input) async throws(Problem) -> GetBulkCoverage.Output {
        let found = try await readPrimary(
            .bulkCoverage(bulkID: input.bulkID, staleSeconds: configuration.heartbeatStaleSeconds)
        )
        guard let row = found else {
            throw Problem(status: 404, code: .bulkNotFound, detail: "no bulk has this id")
        }
        return .ok(
            BulkCoverage(
                bulkID: input.bulkID,
                commandType: row.commandType,
                createdBy: row.createdBy,
                createdAt: row.createdAt,
                expiresAt: row.expiresAt,
                reason: row.reason,
                total: row.total,
                awaitingApproval: row.awaitingApproval,
                delivered: row.delivered,
                confirmed: row.confirmed,
                failed: row.failed,
                ended: row.ended,
                outcomeUnknown: row.outcomeUnknown,
                completedLate: row.completedLate,
                unreachable: row.unreachable
            )
        )
    }
}
