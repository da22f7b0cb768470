-- A command and its outcome, and the outcome of the command that it supersedes.
-- type: CommandRow
-- import: Generated
-- out: command_id uuid, instance_id text, command_type text(CommandType), issued_at timestamptz, expires_at timestamptz
-- out: payload jsonb, status text(CommandStatus), reason text?, supersedes uuid?, created_by text, created_at timestamptz
-- out: first_delivered_at timestamptz?, delivery_count int8, outcome text(CommandOutcome)?
-- out: superseded_outcome text(CommandOutcome)?

-- name: getCommand :optional
-- in: command_id uuid
-- out: CommandRow
SELECT
    command_id, instance_id, command_type, issued_at, expires_at, payload, status, reason, supersedes, created_by, created_at,
    first_delivered_at, delivery_count, command_outcome(status, first_delivered_at, late_outcome) AS outcome,
    superseded_outcome(supersedes)
FROM commands
WHERE command_id = :command_id

-- name: listAcknowledgements :many
-- in: command_id uuid
-- out: ack_id uuid, instance_id text, status text(AcknowledgementStatus), reason text?, ts timestamptz
-- out: command_status text(CommandStatus), command_outcome text(CommandOutcome)?, received_at timestamptz, evidence jsonb?
SELECT ack_id, instance_id, status, reason, ts, command_status, command_outcome, received_at, evidence
FROM command_acknowledgements
WHERE command_id = :command_id
ORDER BY ordinal

-- name: listCommandEvents :many
-- in: command_id uuid
-- out: event text, actor text, at timestamptz
SELECT event, actor, at
FROM command_events
WHERE command_id = :command_id
ORDER BY ordinal
