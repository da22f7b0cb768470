-- Ends commands that no instance answered in time, by the database's clock; the audit log has each.
-- name: expireCommands :exec
-- in: actor text
WITH expired AS (
    UPDATE commands
    SET status = 'EXPIRED',
        changed_by = :actor
    WHERE status IN ('PENDING', 'AWAITING_APPROVAL')
        AND expires_at <= now()
    RETURNING command_id
)
INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
SELECT :actor, 'COMMAND_EXPIRE', 'command', command_id::text, 'SUCCESS', '{}'::jsonb
FROM expired
ORDER BY command_id
