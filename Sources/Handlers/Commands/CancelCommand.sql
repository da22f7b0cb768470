-- name: cancelCommand :optional
-- import: Generated
-- in: command_id uuid
-- out: command_id uuid, instance_id text, command_type text(CommandType), issued_at timestamptz, expires_at timestamptz
-- out: payload jsonb, status text(CommandStatus), created_by text, created_at timestamptz
UPDATE commands
SET status = 'CANCELED'
WHERE command_id = :command_id
    AND status = 'PENDING'
RETURNING command_id, instance_id, command_type, issued_at, expires_at, payload, status, created_by, created_at
