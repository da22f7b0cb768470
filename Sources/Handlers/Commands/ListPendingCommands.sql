-- What an instance has to carry out. Time is the database's, so that all servers agree on what has expired.
-- name: listPendingCommands :many
-- import: Generated
-- in: instance_id text
-- out: command_id uuid, instance_id text, command_type text(CommandType), issued_at timestamptz, expires_at timestamptz
-- out: payload jsonb, status text(CommandStatus), created_by text, created_at timestamptz
SELECT command_id, instance_id, command_type, issued_at, expires_at, payload, status, created_by, created_at
FROM commands
WHERE instance_id = :instance_id
    AND status = 'PENDING'
    AND expires_at > statement_timestamp()
ORDER BY issued_at, command_id
