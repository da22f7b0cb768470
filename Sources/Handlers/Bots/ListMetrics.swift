public import ContractRuntime
public import Generated

extension API {
    public func listMetrics(_ input: ListMetrics.Input) async throws(Problem) -> ListMetrics.Output {
        let page = try Page<String, String>(number: input.page, size: input.pageSize, cursor: nil)
        guard try await readPrimary(.isInstance(instanceID: input.instanceID)) else { throw .instanceNotFound }
        let (rows, total) = try await readPrimary(
            .listMetrics(instanceID: input.instanceID, limit: page.size, offset: page.offset),
            .countMetrics(instanceID: input.instanceID)
        )
        let items = rows.map { row in
            ReportedMetric(
                metricType: row.metricType,
                symbol: row.symbol,
                currency: row.currency.isEmpty ? nil : row.currency,
                value: row.value,
                timestamp: row.ts
            )
        }
        return .ok(
            MetricPage(generatedAt: .now, page: page.number, pageSize: page.size, total: total, items: items)
        )
    }
}
