-- Seals without a key; -1 if seals have keys.
-- name: sealAudit :one
-- in: limit int8
-- out: sealed int8
SELECT seal_audit(:limit) AS sealed

-- name: holdAuditSeals :one
-- in: limit int8
-- out: due text[]
SELECT hold_audit_seals(:limit)::text[] AS due

-- The last seal.
-- name: auditHead :one
-- out: position int8, ordinal int8?, hash text, key text?, now timestamptz
SELECT last_position AS position, ordinal, encode(head, 'hex') AS hash, key_id AS key, now() AS now
FROM audit_head()

-- name: auditTexts :one
-- in: due text[]
-- out: texts text[]
SELECT audit_texts(:due::text[]::int8[]) AS texts

-- name: addAuditSeals :one
-- in: previous int8, due text[], hashes text[], key text
-- out: added int8
SELECT add_audit_seals(:previous, :due::text[]::int8[], :hashes, :key) AS added

-- The seals at these positions.
-- name: sealsAt :many
-- in: positions text[]
-- out: position int8, ordinal int8, hash text, key text?
SELECT position, ordinal, encode(hash, 'hex') AS hash, key_id AS key
FROM audit_seals
WHERE position = ANY (:positions::text[]::int8[])
ORDER BY position

-- A part of the chain. `entry` is null if the log does not have it.
-- name: auditPart :many
-- in: after int8, last int8
-- out: position int8, ordinal int8, hash text, key text?, entry text?
WITH seal AS MATERIALIZED (
    SELECT position, ordinal, hash, key_id
    FROM audit_seals
    WHERE position > :after
        AND position <= :last
)
SELECT
    position, seal.ordinal, encode(hash, 'hex') AS hash, key_id AS key,
    CASE WHEN audit_log.ordinal IS NOT NULL THEN audit_text(audit_log) END AS entry
FROM seal
LEFT JOIN audit_log ON audit_log.ordinal = seal.ordinal
    AND audit_log.ordinal BETWEEN (SELECT min(ordinal) FROM seal) AND (SELECT max(ordinal) FROM seal)
ORDER BY position

-- The first entry of a part that is neither sealed nor queued.
-- name: unsealedAudit :one
-- in: after int8, last int8?, limit int8
-- out: ordinal int8?
SELECT unsealed_audit(:after, :last, :limit) AS ordinal

-- The number of entries that are not sealed yet.
-- name: countUnsealed :one
-- out: waiting int8
SELECT count(*) AS waiting
FROM audit_unsealed

-- Raises an alert because the chain contradicts an anchor.
-- name: raiseAuditAlert :exec
-- in: fault text
INSERT INTO alerts (source, severity, target_type, target_id, message, metadata)
VALUES ('audit_log', 'CRITICAL', 'audit_log', 'chain', 'The audit log was cut off or rewritten. ' || :fault, '{}')
ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO NOTHING
