-- name: listModules :many
-- in: enabled bool?, after_name text?, after_id uuid?, limit int8, offset int8
-- out: ModuleRow
SELECT
    module_id, name, description, enabled, execution_mode, schedule_cron, config, created_at, updated_at,
    client_created_at, missed_run_policy, queue_timeout_seconds, run_timeout_seconds, next_run_at, client_updated_at
FROM modules
WHERE deleted_at IS NULL
    AND (:enabled IS NULL OR enabled = :enabled)
    AND (name, module_id) > (coalesce(:after_name, ''), coalesce(:after_id, '00000000-0000-0000-0000-000000000000'))
ORDER BY name, module_id
LIMIT :limit
OFFSET :offset

-- name: countModules :one
-- in: enabled bool?
-- out: count int8
SELECT count(*)
FROM modules
WHERE deleted_at IS NULL
    AND (:enabled IS NULL OR enabled = :enabled)
