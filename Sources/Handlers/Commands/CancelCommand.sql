-- name: cancelCommand :optional
-- in: command_id uuid, actor text
-- out: CommandRow
UPDATE commands
SET status = 'CANCELED',
    changed_by = :actor
WHERE command_id = :command_id
    AND status IN ('PENDING', 'AWAITING_APPROVAL')
RETURNING
    command_id, instance_id, command_type, issued_at, expires_at, payload, status, reason, supersedes, created_by, created_at,
    first_delivered_at, delivery_count, command_outcome(status, first_delivered_at, late_outcome) AS outcome,
    superseded_outcome(supersedes)
