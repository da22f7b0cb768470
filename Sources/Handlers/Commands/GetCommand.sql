-- name: getCommand :optional
-- import: Generated
-- in: command_id uuid
-- out: command_id uuid, instance_id text, command_type text(CommandType), issued_at timestamptz, expires_at timestamptz
-- out: payload jsonb, status text(CommandStatus), created_by text, created_at timestamptz
SELECT command_id, instance_id, command_type, issued_at, expires_at, payload, status, created_by, created_at
FROM commands
WHERE command_id = :command_id

-- name: listAcknowledgements :many
-- in: command_id uuid
-- out: ack_id uuid, instance_id text, status text(AcknowledgementStatus), reason text?, ts timestamptz
-- out: command_status text(CommandStatus), received_at timestamptz
SELECT ack_id, instance_id, status, reason, ts, command_status, received_at
FROM command_acknowledgements
WHERE command_id = :command_id
ORDER BY ordinal
