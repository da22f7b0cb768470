-- The pending commands of an instance, in order, each counted as delivered. Expiry uses the database's time, so that all servers agree. If
-- there are no commands, nothing is written.
-- name: deliverCommands :many
-- in: instance_id text, command_ids text[]?
-- out: CommandRow
WITH delivered AS (
    UPDATE commands
    SET first_delivered_at = coalesce(first_delivered_at, statement_timestamp()),
        delivery_count = delivery_count + 1
    WHERE instance_id = :instance_id
        AND status = 'PENDING'
        AND expires_at > statement_timestamp()
        AND (:command_ids IS NULL OR command_id = ANY (:command_ids::text[]::uuid[]))
    RETURNING *
)
SELECT
    command_id, instance_id, command_type, issued_at, expires_at, payload, status, reason, supersedes, created_by, created_at,
    first_delivered_at, delivery_count, command_outcome(status, first_delivered_at, late_outcome) AS outcome,
    superseded_outcome(supersedes)
FROM delivered
ORDER BY ordinal

-- The ones of these instances that have pending commands.
-- name: instancesWithCommands :many
-- in: instance_ids text[]
-- out: instance_id text
SELECT DISTINCT instance_id
FROM commands
WHERE instance_id = ANY (:instance_ids)
    AND status = 'PENDING'
    AND expires_at > statement_timestamp()

-- The pending commands of an instance, locked, with the number of people who approved each as it is now.
-- name: lockPendingCommands :many
-- import: Generated
-- in: instance_id text
-- out: command_id uuid, command_type text(CommandType), payload jsonb, approvals int8
SELECT
    command_id, command_type, payload,
    (
        SELECT count(*)
        FROM command_approvals AS approval
        WHERE approval.command_id = commands.command_id
            AND approval.digest = command_digest(commands)
    ) AS approvals
FROM commands
WHERE instance_id = :instance_id
    AND status = 'PENDING'
    AND expires_at > statement_timestamp()
ORDER BY ordinal
FOR NO KEY UPDATE

-- Makes a pending command wait for approval.
-- name: holdCommand :exec
-- in: command_id uuid, actor text
UPDATE commands
SET status = 'AWAITING_APPROVAL',
    changed_by = :actor
WHERE command_id = :command_id
