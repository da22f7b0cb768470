-- name: sealAudit :one
-- out: sealed int8
SELECT seal_audit()

-- Looks at the next seals of the chain.
-- name: verifyAudit :one
-- in: after int8
-- out: last_position int8, checked int8, head text, broken_at int8?, reason text?
SELECT last_position, checked, encode(head, 'hex'), broken_at, reason
FROM verify_audit(:after)

-- How many entries wait for their seal; the first that has neither a seal nor a place in the queue for one, or has a place in it and is
-- not there.
-- name: findUnsealed :one
-- out: waiting int8, stray int8?
SELECT
    (SELECT count(*) FROM audit_unsealed),
    least(
        (
            SELECT min(ordinal)
            FROM audit_log
            WHERE NOT EXISTS (SELECT FROM audit_seals WHERE audit_seals.ordinal = audit_log.ordinal)
                AND NOT EXISTS (SELECT FROM audit_unsealed WHERE audit_unsealed.ordinal = audit_log.ordinal)
        ),
        (
            SELECT min(ordinal)
            FROM audit_unsealed
            WHERE NOT EXISTS (SELECT FROM audit_log WHERE audit_log.ordinal = audit_unsealed.ordinal)
        )
    )
