public import ContractRuntime
public import Generated

extension API {
    public func verifyAuditLog(_ input: VerifyAuditLog.Input) async throws(Problem) -> VerifyAuditLog.Output {
        // Each step is a separate statement, so that a long log does not exceed a statement's deadline.
        var look = try await readPrimary(.verifyAudit(after: input.after, limit: Self.verifiedAtOnce))
        var sealed = look.checked
        let end = ContinuousClock.now + Self.verificationTime
        while look.brokenAt == nil, look.checked > 0, ContinuousClock.now < end {
            look = try await readPrimary(.verifyAudit(after: look.lastPosition, limit: Self.verifiedAtOnce))
            // traps: the sum is at most the number of rows of a table.
            sealed += look.checked
        }
        let anchor = try await readPrimary(.auditAnchor())
        return .ok(
            AuditVerification(
                isIntact: look.brokenAt == nil,
                sealed: sealed,
                unsealed: try await readPrimary(.countUnsealed()),
                head: look.head,
                brokenAt: look.brokenAt,
                reason: look.reason,
                next: look.brokenAt == nil && look.checked > 0 ? look.lastPosition : nil,
                dropped: anchor.position,
                droppedHead: anchor.head
            )
        )
    }

    /// How long a request checks entries before it leaves the rest to the next one.
    private static let verificationTime = Duration.milliseconds(800)

    /// The maximum number of entries that one statement verifies.
    static let verifiedAtOnce = 5_000
}
