public import ContractRuntime
public import Generated

extension API {
    public func getServiceHealth(_ input: GetServiceHealth.Input) async throws(Problem) -> GetServiceHealth.Output {
        let row = try await readPrimary(.serviceHealth())
        return .ok(
            ServiceHealth(
                generatedAt: .now,
                ingest: ServiceHealthIngest(row),
                deliveries: ServiceHealthDeliveries(pending: row.pending, retrying: row.retrying, failed: row.failed)
            )
        )
    }
}

extension ServiceHealthIngest {
    /// Nil if no server has counted its requests recently.
    fileprivate init?(_ row: ServiceHealthRow) {
        guard let time = row.asOf, let requests = row.requests, let failures = row.failures else { return nil }
        self.init(asOf: time, servers: row.servers, requests: requests, failures: failures)
    }
}
