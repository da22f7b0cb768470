-- The command that an acknowledgement refers to, locked until the transaction ends.
-- name: lockCommand :optional
-- import: Generated
-- in: command_id uuid
-- out: instance_id text, status text(CommandStatus), outcome text(CommandOutcome)?, acknowledgements int8
SELECT
    instance_id, status, command_outcome(status, first_delivered_at, late_outcome) AS outcome,
    (SELECT count(*) FROM command_acknowledgements WHERE command_acknowledgements.command_id = commands.command_id) AS acknowledgements
FROM commands
WHERE command_id = :command_id
FOR UPDATE

-- name: setCommandStatus :exec
-- in: command_id uuid, status text(CommandStatus), actor text
UPDATE commands
SET status = :status,
    changed_by = :actor
WHERE command_id = :command_id

-- name: setLateOutcome :exec
-- in: command_id uuid, outcome text(CommandOutcome)
UPDATE commands
SET late_outcome = :outcome
WHERE command_id = :command_id

-- name: insertAcknowledgement :one
-- in: command_id uuid, instance_id text, status text(AcknowledgementStatus), reason text?, ts timestamptz
-- in: command_status text(CommandStatus), command_outcome text(CommandOutcome)?, evidence jsonb?
-- out: ack_id uuid, received_at timestamptz
INSERT INTO command_acknowledgements (command_id, instance_id, status, reason, ts, command_status, command_outcome, evidence)
VALUES (:command_id, :instance_id, :status, :reason, :ts, :command_status, :command_outcome, :evidence)
RETURNING ack_id, received_at
