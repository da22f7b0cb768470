-- Stores a command unless its id is taken. An instance that is not known answers no row, either.
-- name: insertCommand :optional
-- import: Generated
-- in: command_id uuid, instance_id text, command_type text(CommandType), issued_at timestamptz, expires_at timestamptz
-- in: payload jsonb, reason text?, supersedes uuid?, created_by text, needs_approval bool
-- out: command_id uuid, instance_id text, command_type text(CommandType), issued_at timestamptz, expires_at timestamptz
-- out: payload jsonb, status text(CommandStatus), reason text?, supersedes uuid?, created_by text, created_at timestamptz
-- out: first_delivered_at timestamptz?, delivery_count int8
INSERT INTO commands
    (command_id, instance_id, command_type, issued_at, expires_at, payload, reason, supersedes, created_by, status)
SELECT
    :command_id, instance_id, :command_type, :issued_at, :expires_at, :payload, :reason, :supersedes, :created_by,
    CASE
        WHEN :needs_approval AND is_grave_command(:command_type, :payload, runtime_mode) THEN 'AWAITING_APPROVAL'
        ELSE 'PENDING'
    END
FROM instance_live
WHERE instance_id = :instance_id
ON CONFLICT (command_id) DO NOTHING
RETURNING
    command_id, instance_id, command_type, issued_at, expires_at, payload, status, reason, supersedes, created_by, created_at,
    first_delivered_at, delivery_count

-- Ends a command of the instance that nobody has answered, because another takes its place; whether there was one.
-- name: supersedeCommand :exec
-- in: command_id uuid, instance_id text, actor text
UPDATE commands
SET status = 'SUPERSEDED',
    changed_by = :actor
WHERE command_id = :command_id
    AND instance_id = :instance_id
    AND status IN ('PENDING', 'AWAITING_APPROVAL')
