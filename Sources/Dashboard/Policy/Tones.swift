import ContractRuntime
import Generated

// The colours of texts, as CSS classes: red for failures, amber for work in progress and mismatches, green for success, violet for trading
// that a person has halted or must approve.

extension CommandStatus {
    var tone: String {
        switch self {
        case .completed: "good-text"
        case .failed, .rejectedExpired, .rejectedDuplicate, .expired: "bad-text"
        case .awaitingApproval: "halt-text"
        case .pending, .accepted: "warn-text"
        default: ""
        }
    }
}

extension RunStatus {
    var tone: String {
        switch self {
        case .succeeded: "good-text"
        case .failed: "bad-text"
        case .queued, .running: "warn-text"
        case .canceled: ""
        }
    }
}

extension DeliveryStatus {
    var tone: String {
        switch self {
        case .sent: "good-text"
        case .dead: "bad-text"
        case .pending: "warn-text"
        }
    }
}

extension AuditResult {
    var tone: String {
        switch self {
        case .rejected: "warn-text"
        case .failure: "bad-text"
        case .success: ""
        }
    }
}

extension FleetAlerts {
    var tone: String { critical > 0 ? "bad-text" : warning > 0 ? "warn-text" : "" }
}

extension StatusIcon {
    init(_ severity: Severity) {
        switch severity {
        case .critical: self = .critical
        case .warning: self = .warning
        default: self = .info
        }
    }
}

extension Figures {
    static func tone(_ value: Decimal) -> String { value < Decimal(0) ? "bad-text" : "" }

    /// The tone of a count that should be zero.
    static func tone(_ count: Int, _ tone: String) -> String { count > 0 ? tone : "" }
}
