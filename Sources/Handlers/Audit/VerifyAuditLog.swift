public import ContractRuntime
public import Generated

extension API {
    public func verifyAuditLog(_ input: VerifyAuditLog.Input) async throws(Problem) -> VerifyAuditLog.Output {
        var (position, sealed, head) = (0, 0, "")
        while true {
            // Each look is a statement of its own, so that a long log does not break the deadline of one.
            let look = try await run(.verifyAudit(after: position))
            sealed += look.checked
            head = look.head
            if look.brokenAt != nil || look.checked == 0 {
                let rest = try await run(.findUnsealed())
                let isStray = look.brokenAt == nil && rest.stray != nil
                return .ok(
                    AuditVerification(
                        isIntact: look.brokenAt == nil && !isStray,
                        sealed: sealed,
                        unsealed: rest.waiting,
                        head: head,
                        brokenAt: look.brokenAt ?? rest.stray,
                        reason: look.reason ?? (isStray ? "the entry was never sealed, or is missing" : nil)
                    )
                )
            }
            position = look.lastPosition
        }
    }
}
