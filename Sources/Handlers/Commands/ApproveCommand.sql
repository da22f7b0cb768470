-- Decides on a command that waits for approval. An approved command is delivered after all earlier commands of its instance.
-- name: decideCommand :optional
-- import: Generated
-- in: command_id uuid, status text(CommandStatus), actor text
-- out: command_id uuid, instance_id text, command_type text(CommandType), issued_at timestamptz, expires_at timestamptz
-- out: payload jsonb, status text(CommandStatus), reason text?, supersedes uuid?, created_by text, created_at timestamptz
-- out: first_delivered_at timestamptz?, delivery_count int8, outcome text(CommandOutcome)?
-- out: superseded_outcome text(CommandOutcome)?
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
