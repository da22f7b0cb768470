-- A module and its schedule.
-- type: ModuleRow
-- import: Generated
-- out: module_id uuid, name text, description text?, enabled bool, execution_mode text(ExecutionMode), schedule_cron text?
-- out: config jsonb, created_at timestamptz, updated_at timestamptz, client_created_at timestamptz
-- out: missed_run_policy text(MissedRunPolicy), queue_timeout_seconds int8?, run_timeout_seconds int8?
-- out: next_run_at timestamptz?, client_updated_at timestamptz

-- name: getModule :optional
-- in: module_id uuid
-- out: ModuleRow
SELECT
    module_id, name, description, enabled, execution_mode, schedule_cron, config, created_at, updated_at,
    client_created_at, missed_run_policy, queue_timeout_seconds, run_timeout_seconds, next_run_at, client_updated_at
FROM modules
WHERE module_id = :module_id
    AND deleted_at IS NULL
