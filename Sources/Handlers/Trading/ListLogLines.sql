-- name: listLogLines :many
-- import: Generated
-- in: instance_id text, level text(LogLevel)?, limit int8
-- out: instance_id text, level text(LogLevel), logger text?, message text, ts timestamptz, received_at timestamptz
SELECT instance_id, level, logger, message, ts, received_at
FROM log_lines
WHERE instance_id = :instance_id
    AND (:level IS NULL OR level = :level)
ORDER BY ts DESC, received_at DESC, slot DESC
LIMIT :limit
