import ContractRuntime
import Generated
import Logging

/// Sends the reports in the spool, oldest first.
struct Reporter: Sendable {
    let spool: Spool
    let controlPlane: ControlPlane
    let logger: Logger

    /// How far a report may be ahead of the control plane's clock and still be sent again, in seconds.
    private static let maximumLead: Int64 = 3_600

    /// Sends all pending reports. Reports that the control plane rejects permanently are logged and dropped. If a request fails, its reports
    /// stay in the spool.
    func flush() async throws {
        var hasSent = false
        while let (number, reports) = try spool.oldest() {
            var rest = reports
            var mustRetry = false
            for kind in ReportKind.allCases {
                let group = reports.filter { $0.kind == kind }
                guard !group.isEmpty else { continue }
                do throws(CallFailure) {
                    let again = retryable(group, try await controlPlane.report(kind, group.map(\.body)))
                    hasSent = true
                    rest = rest.filter { $0.kind != kind } + again
                    mustRetry = mustRetry || !again.isEmpty
                } catch {
                    if rest.count < reports.count { try spool.remove(number, keeping: rest) }
                    var failure = error
                    failure.followsSuccess = hasSent
                    throw failure
                }
            }
            try spool.remove(number, keeping: rest)
            if mustRetry {
                throw CallFailure(
                    description:
                        "the control plane does not know the instance yet, or the clock of this machine is ahead"
                )
            }
        }
        let dropped = spool.takeDropped()
        if dropped > 0 { logger.error("the spool was full: dropped \(dropped) reports") }
    }

    /// The rejected reports to send again: those of an instance that is registered by its next heartbeat, and those slightly ahead of the
    /// control plane's clock. All others are logged and dropped.
    private func retryable(_ reports: [Report], _ refused: [RefusedReport]) -> [Report] {
        refused.compactMap { refusal in
            let report = reports[refusal.index]
            if refusal.code == .instanceNotFound || Self.isEarly(report, refusal) { return report }
            let reason = "\(refusal.code.rawValue): \(refusal.detail)"
            logger.error("the control plane rejected a report: \(reason)", metadata: ["report": "\(report.body)"])
            return nil
        }
    }

    /// Whether a report was rejected because it is ahead of the control plane's clock, by at most `maximumLead`.
    private static func isEarly(_ report: Report, _ refusal: RefusedReport) -> Bool {
        guard refusal.code == .timestampAhead, let time = report.time, let now = refusal.serverTime else {
            return false
        }
        return time <= now.adding(seconds: maximumLead)
    }
}
