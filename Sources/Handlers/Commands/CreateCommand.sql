-- Stores a command unless its id is taken.
-- name: insertCommand :optional
-- import: Generated
-- in: command_id uuid, instance_id text, command_type text(CommandType), issued_at timestamptz, expires_at timestamptz
-- in: payload jsonb, created_by text
-- out: command_id uuid, instance_id text, command_type text(CommandType), issued_at timestamptz, expires_at timestamptz
-- out: payload jsonb, status text(CommandStatus), created_by text, created_at timestamptz
INSERT INTO commands (command_id, instance_id, command_type, issued_at, expires_at, payload, status, created_by)
VALUES (:command_id, :instance_id, :command_type, :issued_at, :expires_at, :payload, 'PENDING', :created_by)
ON CONFLICT (command_id) DO NOTHING
RETURNING command_id, instance_id, command_type, issued_at, expires_at, payload, status, created_by, created_at

-- name: instanceExists :one
-- in: instance_id text
-- out: exists bool
SELECT EXISTS (SELECT FROM instances WHERE instance_id = :instance_id)
