-- Decides on a command that waits for approval. An approved command is delivered after all earlier commands of its instance.
-- name: decideCommand :optional
-- import: Generated
-- in: command_id uuid, status text(CommandStatus), actor text
-- out: CommandRow
UPDATE commands
SET status = :status,
    ordinal = CASE WHEN :status = 'PENDING' THEN nextval('command_ordinals') ELSE ordinal END,
    changed_by = :actor
WHERE command_id = :command_id
    AND status = 'AWAITING_APPROVAL'
    AND expires_at > statement_timestamp()
RETURNING
    command_id, instance_id, command_type, issued_at, expires_at, payload, status, reason, supersedes, created_by, created_at,
    first_delivered_at, delivery_count, command_outcome(status, first_delivered_at, late_outcome) AS outcome,
    superseded_outcome(supersedes)
