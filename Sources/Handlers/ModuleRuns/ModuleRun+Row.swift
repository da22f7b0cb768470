import ContractRuntime
import Generated

extension ModuleRun {
    /// Converts a database row.
    init(_ row: ModuleRunRow) {
        self.init(
            runID: row.runID,
            moduleID: row.moduleID,
            triggerType: row.triggerType,
            status: row.status,
            startedAt: row.startedAt,
            endedAt: row.endedAt,
            summary: row.summary,
            claimedBy: row.claimedBy,
            claimedAt: row.claimedAt,
            leaseExpiresAt: row.leaseExpiresAt,
            progress: row.progress,
            progressMessage: row.progressMessage
        )
    }
}

extension RunStatus {
    /// Whether a run with this status has ended and can no longer change.
    var isFinal: Bool {
        switch self {
        case .queued, .running: false
        case .succeeded, .failed, .canceled: true
        }
    }

    /// Whether a run may change from this status to another one; the same status is not a change.
    func mayBecome(_ next: RunStatus) -> Bool {
        switch (self, next) {
        case (.queued, .queued), (.queued, .running), (.queued, .canceled): true
        case (.running, .running), (.running, .succeeded), (.running, .failed), (.running, .canceled): true
        default: false
        }
    }
}
