import ContractRuntime
import Generated
import Logging

/// Sends what is in the spool, oldest first.
struct Reporter: Sendable {
    let spool: Spool
    let controlPlane: ControlPlane
    let logger: Logger

    /// How many seconds a report may be ahead of the control plane's clock and wait until its time has come.
    private static let patience: Int64 = 3_600

    /// Sends all reports that wait. What the control plane refuses for good is logged and dropped; a failed call leaves everything that
    /// it was about where it is.
    func flush() async throws {
        var hasSent = false
        while let (number, reports) = try spool.oldest() {
            var rest = reports
            var isStuck = false
            for kind in ReportKind.allCases {
                let group = reports.filter { $0.kind == kind }
                guard !group.isEmpty else { continue }
                do throws(CallFailure) {
                    let again = unsettled(group, try await controlPlane.report(kind, group.map(\.body)))
                    hasSent = true
                    rest = rest.filter { $0.kind != kind } + again
                    isStuck = isStuck || !again.isEmpty
                } catch {
                    if rest.count < reports.count { try spool.remove(number, keeping: rest) }
                    var failure = error
                    failure.followsSuccess = hasSent
                    throw failure
                }
            }
            try spool.remove(number, keeping: rest)
            if isStuck {
                throw CallFailure(
                    description: "the control plane does not know the instance yet, or this machine's clock is ahead"
                )
            }
        }
        let dropped = spool.takeDropped()
        if dropped > 0 { logger.error("the spool was full: \(dropped) reports were dropped") }
    }

    /// The reports that have to be sent again: only a heartbeat makes an instance known, and what is dated ahead is taken once its time has
    /// come.
    private func unsettled(_ reports: [Report], _ refused: [RefusedReport]) -> [Report] {
        refused.compactMap { refusal in
            let report = reports[refusal.index]
            if refusal.code == "INSTANCE_NOT_FOUND" || Self.isEarly(report, refusal) { return report }
            let reason = "\(refusal.code): \(refusal.detail)"
            logger.error("a report was refused: \(reason)", metadata: ["report": "\(report.body)"])
            return nil
        }
    }

    /// Whether a report is dated ahead of the control plane's clock by so little that it can wait.
    private static func isEarly(_ report: Report, _ refusal: RefusedReport) -> Bool {
        guard refusal.code == "TIMESTAMP_AHEAD", let time = report.time, let now = refusal.serverTime else {
            return false
        }
        return time <= now.adding(seconds: patience)
    }
}
