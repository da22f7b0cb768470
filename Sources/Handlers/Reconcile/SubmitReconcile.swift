public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func submitReconcile(_ input: SubmitReconcile.Input) async throws(Problem) -> SubmitReconcile.Output {
        let report = input.body
        try await requireNotAhead(report.timestamp)
        let verdict = try await run(
            .judgeReconcile(
                exchangeEquity: report.exchangeEquity,
                internalEquity: report.internalEquity,
                difference: report.difference,
                status: report.status,
                tolerance: configuration.reconcileTolerance,
                toleranceBps: configuration.reconcileToleranceBps
            )
        )
        if verdict.isDifferenceWrong, !configuration.acceptsWrongDifferences { throw .wrongDifference(report) }
        let id = try await run(.submit(report, verdict, by: input.principal.name))
        guard let id else { throw .instanceNotFound }
        // An agreement sends no notification.
        if verdict.status == .mismatch { await deliverNotifications(within: Self.firstTry) }
        if verdict.status == .mismatch || report.status == .mismatch {
            try await afterNotifying { () async throws(Problem) in _ = try await run(.auditReconciles(reconcileID: id))
            }
        }
        return .accepted(
            ReconcileResult(
                reconcileID: id,
                instanceID: report.instanceID,
                exchangeEquity: report.exchangeEquity,
                internalEquity: report.internalEquity,
                difference: report.difference,
                status: verdict.status,
                timestamp: report.timestamp,
                reportedStatus: report.status,
                isDifferenceWrong: verdict.isDifferenceWrong
            )
        )
    }
}

extension Query where Result == UUID? {
    fileprivate static func submit(_ report: ReconcileReport, _ verdict: JudgeReconcileRow, by actor: String) -> Self {
        submitReconcile(
            instanceID: report.instanceID,
            exchangeEquity: report.exchangeEquity,
            internalEquity: report.internalEquity,
            difference: report.difference,
            status: verdict.status,
            reportedStatus: report.status,
            isDifferenceWrong: verdict.isDifferenceWrong,
            ts: report.timestamp,
            actor: actor
        )
    }
}

extension Problem {
    /// The 422 for a difference that does not match the two equities.
    fileprivate static func wrongDifference(_ report: ReconcileReport) -> Problem {
        let message =
            "found \(report.difference), expected the difference of \(report.exchangeEquity) and \(report.internalEquity)"
        return Problem(
            InvalidInput(violations: [Violation(pointer: "/difference", keyword: "difference", message: message)])
        )
    }
}
