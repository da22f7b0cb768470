-- name: recordAction :exec
-- import: Generated
-- in: actor text, action text(AuditAction), target_type text(AuditTarget), target_id text, result text(AuditResult)
-- in: details jsonb, address text?
INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
VALUES (
    :actor, :action, :target_type, :target_id, :result, jsonb_strip_nulls(jsonb_build_object('address', :address::text)) || :details
)
