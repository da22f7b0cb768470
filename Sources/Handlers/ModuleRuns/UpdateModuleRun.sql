-- The run to change, locked until the transaction ends.
-- name: lockModuleRun :optional
-- import: Generated
-- in: run_id uuid
-- out: status text(RunStatus)
SELECT status
FROM module_runs
WHERE run_id = :run_id
FOR UPDATE

-- A final status without an end time gets the current time. Absent values are unchanged. The end resolves the alert of a stuck run.
-- name: setRunStatus :one
-- import: Generated
-- in: run_id uuid, status text(RunStatus), ended_at timestamptz?, summary text?
-- out: ModuleRunRow
WITH resolved AS (
    UPDATE alerts
    SET status = 'RESOLVED',
        resolved_at = now(),
        resolved_by = 'auto'
    WHERE source = 'module_runs'
        AND target_type = 'module_run'
        AND target_id = :run_id::text
        AND status <> 'RESOLVED'
        AND :status NOT IN ('QUEUED', 'RUNNING')
)
UPDATE module_runs
SET status = :status,
    ended_at = CASE WHEN :status IN ('QUEUED', 'RUNNING') THEN NULL ELSE coalesce(:ended_at, now()) END,
    summary = coalesce(:summary, summary)
WHERE run_id = :run_id
RETURNING
    run_id, module_id, trigger_type, status, started_at, ended_at, summary,
    claimed_by, claimed_at, lease_expires_at, progress, progress_message
