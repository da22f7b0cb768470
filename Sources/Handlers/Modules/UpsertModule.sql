-- Registers or changes a module. A deleted module that is registered again gets a new `created_at`.
-- name: upsertModule :one
-- import: Generated
-- in: module_id uuid, name text, description text?, enabled bool, execution_mode text(ExecutionMode), schedule_cron text?
-- in: config jsonb, missed_run_policy text(MissedRunPolicy), queue_timeout_seconds int8?, run_timeout_seconds int8?
-- in: next_run_at timestamptz?, client_created_at timestamptz, client_updated_at timestamptz
-- out: module ModuleRow, is_new bool
INSERT INTO modules AS module
    (module_id, name, description, enabled, execution_mode, schedule_cron, config, missed_run_policy,
    queue_timeout_seconds, run_timeout_seconds, next_run_at, created_at, updated_at, client_created_at, client_updated_at)
VALUES
    (:module_id, :name, :description, :enabled, :execution_mode, :schedule_cron, :config, :missed_run_policy,
    :queue_timeout_seconds, :run_timeout_seconds, :next_run_at, now(), now(), :client_created_at, :client_updated_at)
ON CONFLICT (module_id) DO UPDATE SET
    name = excluded.name,
    description = excluded.description,
    enabled = excluded.enabled,
    execution_mode = excluded.execution_mode,
    schedule_cron = excluded.schedule_cron,
    config = excluded.config,
    missed_run_policy = excluded.missed_run_policy,
    queue_timeout_seconds = excluded.queue_timeout_seconds,
    run_timeout_seconds = excluded.run_timeout_seconds,
    next_run_at = excluded.next_run_at,
    created_at = CASE WHEN module.deleted_at IS NULL THEN module.created_at ELSE excluded.created_at END,
    updated_at = excluded.updated_at,
    client_created_at = excluded.client_created_at,
    client_updated_at = excluded.client_updated_at,
    deleted_at = NULL
RETURNING
    module_id, name, description, enabled, execution_mode, schedule_cron, config, created_at, updated_at,
    client_created_at, missed_run_policy, queue_timeout_seconds, run_timeout_seconds, next_run_at, client_updated_at,
    created_at = updated_at AS is_new
