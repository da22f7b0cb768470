-- name: listCommands :many
-- import: Generated
-- in: instance_id text?, status text(CommandStatus)?, command_type text(CommandType)?, created_by text?, bulk_id uuid?
-- in: command_id uuid?
-- in: after_time timestamptz?, after_id uuid?, limit int8, offset int8
-- out: CommandRow
SELECT
    command_id, instance_id, command_type, issued_at, expires_at, payload, status, reason, supersedes, created_by, created_at,
    first_delivered_at, delivery_count, command_outcome(status, first_delivered_at, late_outcome) AS outcome,
    superseded_outcome(supersedes)
FROM commands
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:status IS NULL OR status = :status)
    AND (:command_type IS NULL OR command_type = :command_type)
    AND (:created_by IS NULL OR created_by = :created_by)
    AND (:bulk_id IS NULL OR bulk_id = :bulk_id)
    AND (:command_id IS NULL OR command_id = :command_id)
    AND (created_at, command_id) < (coalesce(:after_time, 'infinity'), coalesce(:after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY created_at DESC, command_id DESC
LIMIT :limit
OFFSET :offset

-- name: countCommands :one
-- in: instance_id text?, status text(CommandStatus)?, command_type text(CommandType)?, created_by text?, bulk_id uuid?
-- in: command_id uuid?, most int8
-- out: count int8
SELECT count(*)
FROM (
    SELECT
    FROM commands
    WHERE (:instance_id IS NULL OR instance_id = :instance_id)
        AND (:status IS NULL OR status = :status)
        AND (:command_type IS NULL OR command_type = :command_type)
        AND (:created_by IS NULL OR created_by = :created_by)
        AND (:bulk_id IS NULL OR bulk_id = :bulk_id)
        AND (:command_id IS NULL OR command_id = :command_id)
    LIMIT :most
) AS counted
