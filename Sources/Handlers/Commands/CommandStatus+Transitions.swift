import Generated

extension CommandStatus {
    /// The status after an acknowledgement: PENDING → ACCEPTED → COMPLETED or FAILED, and from PENDING also to a rejection. Finished,
    /// expired and canceled commands keep their status, and an accepted command cannot be rejected.
    func after(_ acknowledgement: AcknowledgementStatus) -> CommandStatus {
        switch (self, acknowledgement) {
        case (.pending, .accepted): .accepted
        case (.pending, .completed), (.accepted, .completed): .completed
        case (.pending, .failed), (.accepted, .failed): .failed
        case (.pending, .rejectedExpired): .rejectedExpired
        case (.pending, .rejectedDuplicate): .rejectedDuplicate
        default: self
        }
    }
}

extension CommandOutcome {
    /// The outcome of an ended command after a late acknowledgement. The first COMPLETED or FAILED is kept. A rejection does not replace an
    /// indication that the command was executed.
    func after(_ acknowledgement: AcknowledgementStatus) -> CommandOutcome {
        switch (self, acknowledgement) {
        case (.completedLate, _), (.failedLate, _): self
        case (_, .completed): .completedLate
        case (_, .failed): .failedLate
        case (.acceptedLate, _), (_, .accepted): .acceptedLate
        case (_, .rejectedExpired), (_, .rejectedDuplicate): .rejectedLate
        }
    }
}
