-- A run of a module, with its worker and its progress.
-- type: ModuleRunRow
-- import: Generated
-- out: run_id uuid, module_id uuid, trigger_type text(TriggerType), status text(RunStatus), started_at timestamptz
-- out: ended_at timestamptz?, summary text?
-- out: claimed_by text?, claimed_at timestamptz?, lease_expires_at timestamptz?, progress float8?, progress_message text?

-- name: getModuleRun :optional
-- in: run_id uuid
-- out: ModuleRunRow
SELECT
    run_id, module_id, trigger_type, status, started_at, ended_at, summary,
    claimed_by, claimed_at, lease_expires_at, progress, progress_message
FROM module_runs
WHERE run_id = :run_id
