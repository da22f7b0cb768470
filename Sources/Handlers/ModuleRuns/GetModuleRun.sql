-- name: getModuleRun :optional
-- import: Generated
-- in: run_id uuid
-- out: run_id uuid, module_id uuid, trigger_type text(TriggerType), status text(RunStatus), started_at timestamptz
-- out: ended_at timestamptz?, summary text?
SELECT run_id, module_id, trigger_type, status, started_at, ended_at, summary
FROM module_runs
WHERE run_id = :run_id
