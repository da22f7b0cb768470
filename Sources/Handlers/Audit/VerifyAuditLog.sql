-- name: sealAudit :one
-- in: limit int8
-- out: sealed int8
SELECT seal_audit(:limit) AS sealed

-- Verifies the next part of the chain.
-- name: verifyAudit :one
-- in: after int8, limit int8
-- out: last_position int8, checked int8, head text, broken_at int8?, reason text?
SELECT last_position, checked, encode(head, 'hex') AS head, broken_at, reason
FROM verify_audit_part(:after, :limit)

-- The number of entries that are not sealed yet.
-- name: countUnsealed :one
-- out: waiting int8
SELECT count(*) AS waiting
FROM audit_unsealed
