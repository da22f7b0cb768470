-- Ends commands that were not acknowledged in time, by the database's clock, with an audit entry for each. Returns their number.
-- name: expireCommands :one
-- in: actor text, limit int8
-- out: expired int8
WITH due AS (
    SELECT command_id
    FROM commands
    WHERE status IN ('PENDING', 'AWAITING_APPROVAL')
        AND expires_at <= now()
    ORDER BY command_id
    LIMIT :limit
    FOR NO KEY UPDATE
),
expired AS (
    UPDATE commands
    SET status = 'EXPIRED',
        changed_by = :actor
    FROM due
    WHERE commands.command_id = due.command_id
    RETURNING commands.command_id
),
audited AS (
    INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
    SELECT :actor, 'COMMAND_EXPIRE', 'command', command_id::text, 'SUCCESS', '{}'::jsonb
    FROM expired
    ORDER BY command_id
)
SELECT count(*) AS expired
FROM expired
