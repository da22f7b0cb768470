public import ContractRuntime
public import Generated

extension API {
    public func postLogLine(_ input: PostLogLine.Input) async throws(Problem) -> PostLogLine.Output {
        switch input.body {
        case .logLine(let line): .accepted(try await ingest(line, by: input.principal))
        case .array(let objects): .accepted(try await ingest(objects, as: LogLine.self, by: input.principal))
        }
    }
}

extension LogLine: RowElement {
    /// The number of lines that are kept per instance.
    private static let kept = 500

    func row(within limits: ClientLimits) -> RecordLogLines {
        RecordLogLines(
            instanceID: instanceID,
            lineID: lineID,
            level: level,
            logger: logger,
            message: message,
            ts: timestamp,
            kept: Self.kept,
            aheadSeconds: limits.clockAheadSeconds
        )
    }

    func receipt(_ outcome: RowOutcome) throws(Problem) -> IngestReceipt { try IngestReceipt(outcome) }
}
