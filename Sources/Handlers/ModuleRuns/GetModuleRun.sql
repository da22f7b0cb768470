-- name: getModuleRun :optional
-- import: Generated
-- in: run_id uuid
-- out: run_id uuid, module_id uuid, trigger_type text(TriggerType), status text(RunStatus), started_at timestamptz
-- out: ended_at timestamptz?, summary text?
-- out: claimed_by text?, claimed_at timestamptz?, lease_expires_at timestamptz?, progress float8?, progress_message text?
SELECT
    run_id, module_id, trigger_type, status, started_at, ended_at, summary,
    claimed_by, claimed_at, lease_expires_at, progress, progress_message
FROM module_runs
WHERE run_id = :run_id
