-- Stores a command unless its id is taken. Returns no row for an unknown instance either.
-- name: insertCommand :optional
-- import: Generated
-- in: command_id uuid, instance_id text, command_type text(CommandType), issued_at timestamptz, expires_at timestamptz
-- in: payload jsonb, is_critical bool, reason text?, supersedes uuid?, created_by text, status text(CommandStatus)
-- out: CommandRow
INSERT INTO commands
    (command_id, instance_id, command_type, issued_at, expires_at, payload, is_critical, reason, supersedes, created_by, created_at, status)
SELECT
    :command_id, instance_id, :command_type, :issued_at, :expires_at, :payload, :is_critical, :reason, :supersedes, :created_by,
    statement_timestamp(), :status
FROM instance_live
WHERE instance_id = :instance_id
ON CONFLICT (command_id) DO NOTHING
RETURNING
    command_id, instance_id, command_type, issued_at, expires_at, payload, status, reason, supersedes, created_by, created_at,
    first_delivered_at, delivery_count, command_outcome(status, first_delivered_at, late_outcome) AS outcome,
    superseded_outcome(supersedes)

-- Ends a pending command of the instance because another one supersedes it; whether there was one.
-- name: supersedeCommand :exec
-- in: command_id uuid, instance_id text, actor text
UPDATE commands
SET status = 'SUPERSEDED',
    changed_by = :actor
WHERE command_id = :command_id
    AND instance_id = :instance_id
    AND status IN ('PENDING', 'AWAITING_APPROVAL')

-- Locks the existing ones of these instances until the transaction ends, so that their commands are numbered in commit order.
-- name: holdInstances :many
-- in: instance_ids text[]
-- out: instance_id text
SELECT instance_id
FROM instances
WHERE instance_id = ANY (:instance_ids)
ORDER BY instance_id
FOR NO KEY UPDATE
