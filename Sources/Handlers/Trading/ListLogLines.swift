public import ContractRuntime
public import Generated

extension API {
    public func listLogLines(_ input: ListLogLines.Input) async throws(Problem) -> ListLogLines.Output {
        guard try await readPrimary(.isInstance(instanceID: input.instanceID)) else { throw .instanceNotFound }
        let rows = try await readPrimary(
            .listLogLines(instanceID: input.instanceID, level: input.level, limit: input.limit)
        )
        let items = rows.map { row in
            StoredLogLine(
                instanceID: row.instanceID,
                level: row.level,
                logger: row.logger,
                message: row.message,
                timestamp: row.ts,
                receivedAt: row.receivedAt
            )
        }
        return .ok(LogPage(items: items))
    }
}
