-- name: recordAction :exec
-- import: Generated
-- in: actor text, action text(AuditAction), target_type text(AuditTarget), target_id text, result text(AuditResult)
-- in: details jsonb, address text?
INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
VALUES (
    :actor, :action, :target_type, :target_id, :result, jsonb_strip_nulls(jsonb_build_object('address', :address::text)) || :details
)

-- Records a new command. The entry contains the order, so that its seal covers the payload, the target and the expiry.
-- name: recordCommand :exec
-- in: actor text, command_id uuid, details jsonb, address text?
INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
SELECT
    :actor, 'COMMAND_CREATE', 'command', command_id::text, 'SUCCESS',
    jsonb_strip_nulls(jsonb_build_object('address', :address::text)) || :details || command_evidence(payload, issued_at, expires_at)
FROM commands
WHERE command_id = :command_id
