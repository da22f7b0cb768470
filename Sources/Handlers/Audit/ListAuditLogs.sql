-- name: listAuditLogs :many
-- import: Generated
-- in: limit int8, offset int8
-- out: audit_id uuid, actor text, action text, target_type text, target_id text, result text(AuditResult), details jsonb
-- out: ts timestamptz
SELECT audit_id, actor, action, target_type, target_id, result, details, ts
FROM audit_log
ORDER BY ts DESC, ordinal DESC
LIMIT :limit
OFFSET :offset

-- name: countAuditLogs :one
-- out: count int8
SELECT count(*)
FROM audit_log
